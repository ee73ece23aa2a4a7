// SPDX-License-Identifier: Apache-2.0
package io.runtracker.sink;

/**
 * A sink that takes requests in batches, as they are, and makes no runs: a topic, a queue, a store
 * of events. It knows itself which requests it has taken, so that a batch can be given again, and
 * nothing has to be looked up.
 */
public non-sealed interface BatchSink extends Sink {

  /**
   * What takes the requests of one log. Called once for each log of a tracker; it must neither
   * block nor take long.
   *
   * @param logId names the log whose positions the requests have. That of a spool is the same after
   *     a restart, and no other spool has it; without a spool no other process has it
   */
  BatchWriter open(String logId);
}
