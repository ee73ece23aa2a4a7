// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.spool.SegmentLog;
import io.runtracker.spool.SpoolException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * What a spool remembers beside its events: the ledger, and how far events may have been sent.
 *
 * <p>A crash between sending a create and remembering its answer leaves a run that nobody knows of.
 * So, before events are handed out, a mark is written beyond them: after a crash, what lies below
 * it and has no known run is looked up before it is created. Under the lock of the backlog's
 * memory.
 */
final class SpoolAccounts {

  /**
   * How far the mark runs ahead: one write for so many events, and so many look-ups after a crash.
   */
  private static final int MARK_AHEAD = 64;

  private final SegmentLog log;
  private final Counts counts;
  private final long sentBelowBefore;
  private final RateLimitedLog warnings =
      new RateLimitedLog(LoggerFactory.getLogger(Tracker.class));
  private long attemptedBelow;
  private long lostCounted;

  /** Goes on where the spool's last process left off. */
  SpoolAccounts(SegmentLog log, Counts counts) throws IOException {
    SpoolLedger ledger = SpoolLedger.decode(log.ledger());
    this.log = log;
    this.counts = counts;
    this.attemptedBelow = ledger.attemptedBelow();
    this.sentBelowBefore = ledger.attemptedBelow();
    this.lostCounted = log.stats().lost();
    counts.restore(ledger, log.stats().live(), lostCounted, () -> log.stats().live());
  }

  /** Whether a process before this one may have sent the event. */
  boolean mayHaveBeenSentBefore(long position) {
    return position < sentBelowBefore;
  }

  /** To be called before an event is handed to delivery. */
  void handOut(long position) {
    if (position < attemptedBelow) {
      return;
    }
    attemptedBelow = position + MARK_AHEAD;
    write();
    try {
      log.commit();
    } catch (SpoolException e) {
      warnings.warn(
          "mark", "The spool cannot be written; a crash now may leave a request recorded twice", e);
    }
  }

  /**
   * Takes an event out of the spool and, in the same write, counts it as delivered or, with a
   * reason, as dropped. Out first, so that a ledger taken in between shows it in flight, and never
   * twice.
   */
  void settle(long position, @Nullable DropReason reason) {
    log.done(position, SpoolLedger.of(counts.ledgerWithOneMore(reason), attemptedBelow).encode());
    if (reason == null) {
      counts.delivered();
    } else {
      counts.dropped(reason);
    }
  }

  /** Counts what reading has found lost since the last time. */
  void countLost() {
    long lost = log.stats().lost();
    if (lost > lostCounted) {
      counts.dropped(DropReason.DAMAGED, lost - lostCounted);
      lostCounted = lost;
    }
  }

  /** Leaves the ledger of now for the next write. */
  void write() {
    log.ledger(SpoolLedger.of(counts.ledger(), attemptedBelow).encode());
  }
}
