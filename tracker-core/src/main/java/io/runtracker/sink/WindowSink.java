// SPDX-License-Identifier: Apache-2.0
package io.runtracker.sink;

import io.runtracker.RequestEvent;
import java.util.Optional;

/** A sink that can also write many requests as one run. */
public interface WindowSink extends RunSink {

  /**
   * A window with no requests in it yet. It must neither block nor take long. A draft that is not
   * heard of again was given up.
   */
  WindowDraft newWindow();

  /** As {@link RunSink#find(RequestEvent)}. */
  Optional<String> find(RequestWindow window) throws SinkException, InterruptedException;

  /**
   * Takes back the run of a window that was created and will not be completed: its requests are
   * going to be in other windows. Safe to repeat, also when there is no such run any more.
   */
  default void discard(String runId) throws SinkException, InterruptedException {}
}
