// SPDX-License-Identifier: Apache-2.0
package io.runtracker.sink;

import io.runtracker.Tracker;

/**
 * Where a tracker's requests go: a {@link RunSink}, which writes runs, or a {@link BatchSink},
 * which takes requests as they are.
 *
 * <p>The log names it by its {@code toString}, which is to hold no secrets.
 */
public sealed interface Sink extends AutoCloseable permits RunSink, BatchSink {

  /**
   * Writes what the sink held back of what it has completed, if it ever does that. Called when
   * everything is delivered and somebody waits for it: by {@link Tracker#flush} and before {@link
   * #close}. Interrupted when there is no more time.
   *
   * @throws SinkException when it could not; that is logged and changes no request's fate
   */
  default void flush() throws SinkException, InterruptedException {}

  /**
   * Gives back connections. Called once, after the last call above has returned or was interrupted.
   */
  @Override
  void close();
}
