// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.util.Optional;

/**
 * A sink that can also write many requests as one run. The promises are those of {@link RunSink},
 * for a window as a whole: {@link #create(RequestWindow)} once, {@link #complete(String,
 * RequestWindow)} as often as it takes, always with the same requests.
 */
public interface WindowSink extends RunSink {

  /** As {@link RunSink#create(RequestEvent)}. */
  String create(RequestWindow window) throws SinkException, InterruptedException;

  /** As {@link RunSink#complete(String, RequestEvent)}. */
  void complete(String runId, RequestWindow window) throws SinkException, InterruptedException;

  /**
   * As {@link RunSink#find(RequestEvent)}. Looks at the window's id and span alone; its requests
   * may be absent.
   */
  Optional<String> find(RequestWindow window) throws SinkException, InterruptedException;

  /**
   * As {@link RunSink#removeDuplicates(RequestEvent)}. Looks at the window's id and span alone; its
   * requests may be absent.
   */
  default int removeDuplicates(RequestWindow window) throws SinkException, InterruptedException {
    return 0;
  }
}
