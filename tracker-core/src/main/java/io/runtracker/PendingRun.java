// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What becomes one run, on its way into the sink, and what is known of that run. Belongs to one
 * delivery thread at a time; the backlog hands it over.
 */
abstract class PendingRun {

  static final long[] NO_POSITIONS = {};

  private final long ticket;
  private @Nullable String runId;
  private boolean mayExist;
  private boolean repeated;
  private int failures;
  private long deliveredBeforeFirstFailure;
  private long notBeforeNanos = System.nanoTime();
  private long handedOutNanos;

  PendingRun(long ticket) {
    this.ticket = ticket;
  }

  abstract String create(RunSink sink) throws SinkException, InterruptedException;

  abstract void complete(RunSink sink, String id) throws SinkException, InterruptedException;

  abstract Optional<String> find(RunSink sink) throws SinkException, InterruptedException;

  /** What to remember when it is created a second time. */
  abstract Repeated asRepeated();

  /** The number of requests in it. */
  abstract int size();

  /** The places in the spool of those requests that have one, in ascending order. */
  abstract long[] positions();

  /** How many of the requests are in no spool. */
  final int unspooled() {
    return size() - positions().length;
  }

  /** Their estimated size on the heap. */
  abstract long bytes();

  /** When the oldest of them was complete, in milliseconds since the epoch. */
  abstract long oldestMillis();

  /**
   * Its number among all that the memory held, in the order they came in; of several requests, the
   * first one's.
   */
  final long ticket() {
    return ticket;
  }

  /** The run's id once it is known to exist. */
  @Nullable String runId() {
    return runId;
  }

  void created(String id) {
    runId = id;
    mayExist = false;
  }

  /** Whether a create went out whose outcome nobody knows. */
  boolean mayExist() {
    return mayExist;
  }

  void mayExist(boolean unknown) {
    mayExist = unknown;
  }

  /** Whether it was created again after a look-up found nothing: there may be two runs one day. */
  boolean isRepeated() {
    return repeated;
  }

  void repeated() {
    repeated = true;
  }

  /** Counts a failure of this event's own, and remembers how far the others were at the first. */
  int failed(long deliveredSoFar) {
    if (failures == 0) {
      deliveredBeforeFirstFailure = deliveredSoFar;
    }
    return ++failures;
  }

  /** Whether others were delivered since this one first failed: the fault is then its own. */
  boolean othersPassedSince(long deliveredSoFar) {
    return deliveredSoFar > deliveredBeforeFirstFailure;
  }

  long notBeforeNanos() {
    return notBeforeNanos;
  }

  void notBefore(long nanos) {
    notBeforeNanos = nanos;
  }

  /** When it last went to delivery. */
  long handedOutNanos() {
    return handedOutNanos;
  }

  void handedOut(long nanos) {
    handedOutNanos = nanos;
  }
}
