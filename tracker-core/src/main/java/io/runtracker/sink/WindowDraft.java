// SPDX-License-Identifier: Apache-2.0
package io.runtracker.sink;

import io.runtracker.RequestEvent;

/**
 * The requests of a window in the form in which a {@link WindowSink} writes them. They are added
 * one by one as they come, so that nothing of them but that form has to be kept, and little is left
 * to do when the window closes. Then it is written: the promises are those of {@link RunSink}, for
 * the window as a whole.
 *
 * <p>Used by one thread at a time.
 */
public interface WindowDraft {

  /**
   * Takes a request in, after those that were added before; never called again once one of the
   * methods below was. Called by the thread that decides about everything, so it must not block.
   * When it throws, the request must not be in the window; it is then written as a run of its own.
   *
   * @param event its array is not to be kept
   */
  void add(EncodedEvent event) throws java.io.IOException;

  /** As {@link RunSink#create(RequestEvent)}. */
  String create(RequestWindow window) throws SinkException, InterruptedException;

  /**
   * As {@link RunSink#complete(String, RequestEvent)}. Called without {@link #create} where a
   * process before this one created the run.
   */
  void complete(String runId, RequestWindow window) throws SinkException, InterruptedException;
}
