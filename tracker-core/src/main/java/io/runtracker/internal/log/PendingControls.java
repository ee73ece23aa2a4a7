// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Records that wait for the next write; any thread. */
final class PendingControls {

  /** What the owner of the log wants to be remembered, about events below {@code end}. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Control(byte[] payload, long end) {}

  /** What one write takes. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Batch(List<Control> controls, Positions done, byte @Nullable [] ledger, long ticket) {
    boolean isEmpty() {
      return controls.isEmpty() && done.isEmpty() && ledger == null;
    }

    /** This batch with others before its controls. */
    Batch behind(List<byte[]> others, long end) {
      if (others.isEmpty()) {
        return this;
      }
      List<Control> all = new ArrayList<>();
      others.forEach(payload -> all.add(new Control(payload, end)));
      all.addAll(controls);
      return new Batch(all, done, ledger, ticket);
    }
  }

  private List<Control> controls = new ArrayList<>();
  private Positions done = Positions.NONE;
  private byte @Nullable [] ledger;
  private long tickets;

  /** Returns a ticket: the record is written once a batch with this ticket or a later one is. */
  synchronized long control(byte[] payload, long end) {
    controls.add(new Control(payload, end));
    return ++tickets;
  }

  /**
   * What is done and the ledger that knows it, in one record. Marks it for all, in one step with
   * remembering that it is to be written; whatever fails, both are done or neither.
   *
   * @return what was marked
   */
  synchronized Positions done(
      SegmentIndex index, Positions positions, byte @Nullable [] newLedger) {
    Positions fresh = index.markDone(positions, marked -> done = done.plus(marked));
    ledger = newLedger == null ? ledger : newLedger;
    return fresh;
  }

  /** Replaces the ledger. */
  synchronized void ledger(byte[] newLedger) {
    ledger = newLedger;
  }

  /** Of what is done, that which was written with its ledger, or is being written. */
  synchronized Positions written(Supplier<Positions> all) {
    return all.get().minus(done);
  }

  /** Done, but not marked here; with a ledger that is older than the one that may wait. */
  synchronized void doneUnlessKnown(Positions positions, byte @Nullable [] olderLedger) {
    done = done.plus(positions);
    ledger = ledger == null ? olderLedger : ledger;
  }

  /** Takes all that waits. */
  synchronized Batch drain() {
    Batch batch = new Batch(controls, done, ledger, tickets);
    controls = new ArrayList<>();
    done = Positions.NONE;
    ledger = null;
    return batch;
  }

  /** Puts back what could not be written; takes no memory where nothing came meanwhile. */
  synchronized void restore(Batch batch) {
    ledger = ledger == null ? batch.ledger() : ledger;
    done = done.plus(batch.done());
    if (controls.isEmpty()) {
      controls = batch.controls();
    } else {
      controls.addAll(0, batch.controls());
    }
  }
}
