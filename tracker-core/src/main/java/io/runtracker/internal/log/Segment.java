// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

/**
 * What is kept in memory of a segment. The writer publishes {@link #end} and then {@link
 * #committed}.
 */
final class Segment {
  final SegmentName name;

  /** Whether it was there when the log was opened. */
  final boolean recovered;

  /** Behind the position of the last event. */
  private volatile long end;

  /** Bytes that hold whole commits; readers look no further. */
  private volatile long committed;

  /** Holds records about events, so it goes only when it is the head. */
  private volatile boolean controls;

  /** It is about to be deleted, so nobody is to miss it. */
  volatile boolean isLeaving;

  Segment(SegmentName name, boolean recovered) {
    this.name = name;
    this.recovered = recovered;
    this.end = name.base();
  }

  void publish(long newEnd, long newCommitted, boolean withControls) {
    controls |= withControls;
    end = newEnd;
    committed = newCommitted;
  }

  /** The positions of its own events; those copied into it have others. */
  Positions positions() {
    return Positions.of(name.base(), end);
  }

  long end() {
    return end;
  }

  long committed() {
    return committed;
  }

  /** Whether nothing in it is needed once a newer segment has the ledger. */
  boolean ledgerOnly() {
    return !controls && end == name.base();
  }
}
