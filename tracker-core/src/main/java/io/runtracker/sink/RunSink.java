// SPDX-License-Identifier: Apache-2.0
package io.runtracker.sink;

import io.runtracker.RequestEvent;
import io.runtracker.Tracker;
import java.util.Optional;

/**
 * A sink that writes each request as a run. Delivery calls it from several threads at once, up to
 * the tracker's {@code inFlight}; calls may block and should honour interruption.
 *
 * <p>A run is written in two steps, so that delivery can remember between them what exists already:
 * {@link #create} once, then {@link #complete} as often as it takes. When nobody knows whether a
 * create took effect (a time-out, a cut connection, a crash), delivery waits {@link
 * Tracker.Builder#lookupDelay} and asks {@link #find} before it creates again.
 */
public non-sealed interface RunSink extends Sink {

  /**
   * Creates the run of an event, with the event's id in it so that {@link #find} will see it.
   *
   * @return the run's id
   * @throws SinkException with {@link SinkException.Kind#UNKNOWN} when the run may exist all the
   *     same
   */
  String create(RequestEvent event) throws SinkException, InterruptedException;

  /** Writes everything that {@link #create} did not, and ends the run. Safe to repeat. */
  void complete(String runId, RequestEvent event) throws SinkException, InterruptedException;

  /** Looks for the run of an event; empty when none was created. */
  Optional<String> find(RequestEvent event) throws SinkException, InterruptedException;

  /**
   * Whether a run was completed. Asked when a process before may have done that, and not all of its
   * requests can be read again: completed once more, it would lose what it has of them.
   */
  default boolean isComplete(String runId) throws SinkException, InterruptedException {
    return false;
  }

  /**
   * Removes what a create left that took effect after it was given up: all other runs of the event
   * or window of this run. Called some time after the run was completed, where there was another
   * create before its own. Safe to repeat.
   *
   * @param runId of the run to keep
   * @return how many were removed
   */
  default int removeDuplicates(String runId) throws SinkException, InterruptedException {
    return 0;
  }
}
