// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spool;

import java.util.BitSet;

/**
 * What is kept in memory of a segment: this and, once events in it are done, a bit for each.
 *
 * <p>The writer publishes {@link #end} and then {@link #committed}; the bits belong to the reader's
 * lock.
 */
final class Segment {
  final SegmentName name;

  /** Behind the sequence of the last event. */
  private volatile long end;

  /** Bytes that hold whole commits; readers look no further. */
  private volatile long committed;

  /** Holds CREATED or DONE records, so it goes only when it is the head. */
  private volatile boolean controls;

  private BitSet done = new BitSet(0);
  private int doneCount;

  Segment(SegmentName name) {
    this.name = name;
    this.end = name.base();
  }

  void publish(long newEnd, long newCommitted, boolean withControls) {
    controls |= withControls;
    end = newEnd;
    committed = newCommitted;
  }

  long end() {
    return end;
  }

  long committed() {
    return committed;
  }

  /** Whether nothing in it is needed once a newer segment carries the ledger. */
  boolean ledgerOnly() {
    return !controls && end == name.base();
  }

  boolean markDone(long sequence) {
    long bit = sequence - name.base();
    if (bit < 0 || sequence >= end || done.get((int) bit)) {
      return false;
    }
    if (doneCount == 0) {
      done = new BitSet((int) (end - name.base()));
    }
    done.set((int) bit);
    doneCount++;
    return true;
  }

  boolean isDone(long sequence) {
    return done.get((int) (sequence - name.base()));
  }

  long live() {
    return end - name.base() - doneCount;
  }
}
