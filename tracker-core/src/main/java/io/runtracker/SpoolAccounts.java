// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.spool.SegmentLog;
import io.runtracker.spool.SpoolException;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * What a spool remembers beside its events: the ledger, and which events are being sent.
 *
 * <p>A crash between sending a create and remembering its answer leaves a run that nobody knows of.
 * So an event is noted here before it is handed out as a run of its own: after a crash, what was
 * noted and has no known run is looked up before it is created. Under the lock of the backlog's
 * memory.
 */
final class SpoolAccounts {

  private final SegmentLog log;
  private final Counts counts;
  private final SortedSet<Long> attempted;
  private final Set<Long> attemptedBefore;
  private final RateLimitedLog warnings =
      new RateLimitedLog(LoggerFactory.getLogger(Tracker.class));
  private long lostCounted;

  /** Goes on where the spool's last process left off. */
  SpoolAccounts(SegmentLog log, Counts counts) throws IOException {
    SpoolLedger ledger = SpoolLedger.decode(log.ledger());
    this.log = log;
    this.counts = counts;
    this.attempted = new TreeSet<>(ledger.attempted());
    this.attemptedBefore = new HashSet<>(ledger.attempted());
    this.lostCounted = log.stats().lost();
    counts.restore(ledger, log.stats().live(), lostCounted, () -> log.stats().live());
  }

  /** Whether a process before this one may have sent the event. */
  boolean mayHaveBeenSentBefore(long position) {
    return attemptedBefore.contains(position);
  }

  /** To be called before an event is handed out to be sent as a run of its own. */
  void handOut(long position) {
    if (!attempted.add(position)) {
      return;
    }
    write();
    try {
      log.commit();
    } catch (SpoolException e) {
      warnings.warn(
          "mark", "The spool cannot be written; a crash now may leave a request recorded twice", e);
    }
  }

  /**
   * Takes the events of one run out of the spool and, in the same write, counts them as delivered
   * or, with a reason, as dropped. Out first, so that a ledger taken in between shows them in
   * flight, and never twice.
   */
  void settle(long[] positions, @Nullable DropReason reason) {
    for (long position : positions) {
      attempted.remove(position);
    }
    Ledger after = counts.ledgerWith(positions.length, reason);
    log.done(positions, SpoolLedger.of(after, attempted).encode());
    if (reason == null) {
      counts.delivered(positions.length);
    } else {
      counts.dropped(reason, positions.length);
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
    log.ledger(SpoolLedger.of(counts.ledger(), attempted).encode());
  }
}
