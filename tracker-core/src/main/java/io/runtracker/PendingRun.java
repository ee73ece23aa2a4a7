// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import org.jspecify.annotations.Nullable;

/**
 * An event on its way into the sink, and what is known of its run. Belongs to one delivery thread
 * at a time; the backlog hands it over.
 */
final class PendingRun {

  private static final long NOT_SPOOLED = -1;

  private final RequestEvent event;
  private final long position;
  private final long bytes;
  private @Nullable String runId;
  private boolean mayExist;
  private boolean repeated;
  private int failures;
  private long deliveredBeforeFirstFailure;
  private long notBeforeNanos;
  private long ticket;

  PendingRun(RequestEvent event) {
    this(event, NOT_SPOOLED);
  }

  PendingRun(RequestEvent event, long position) {
    this.event = event;
    this.position = position;
    this.bytes = event.estimatedBytes();
    this.notBeforeNanos = System.nanoTime();
  }

  RequestEvent event() {
    return event;
  }

  /** Whether the event is in the spool, at {@link #position()}. */
  boolean isSpooled() {
    return position != NOT_SPOOLED;
  }

  long position() {
    return position;
  }

  /** Its number among all that the memory held, in the order they came in. */
  long ticket() {
    return ticket;
  }

  void ticket(long number) {
    ticket = number;
  }

  long bytes() {
    return bytes;
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
}
