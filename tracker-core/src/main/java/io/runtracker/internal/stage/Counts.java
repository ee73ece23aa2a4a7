// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.stage;

import io.runtracker.DropReason;
import io.runtracker.Ledger;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The counters behind the {@link Ledger}.
 *
 * <p>What a request ends as is counted where it ends; what was accepted is read off the ring's
 * cursor, which costs the request thread nothing. The ends are read before the beginnings, so that
 * a ledger taken while requests flow never shows more delivered than accepted.
 */
public final class Counts {

  private final LongSupplier acceptedSinceStart;
  private volatile long acceptedBefore;
  private volatile LongSupplier spooled = () -> 0;

  // What is counted in the line behind the ring takes no memory: it is done for good by then.
  private final AtomicLong delivered = new AtomicLong();
  private final Map<DropReason, AtomicLong> droppedInLine = new EnumMap<>(DropReason.class);

  /** What many request threads count. */
  private final Map<DropReason, LongAdder> droppedBefore = new EnumMap<>(DropReason.class);

  public Counts(LongSupplier acceptedSinceStart) {
    this.acceptedSinceStart = acceptedSinceStart;
    for (DropReason reason : DropReason.values()) {
      if (reason.isAfterAcceptance()) {
        droppedInLine.put(reason, new AtomicLong());
      } else {
        droppedBefore.put(reason, new LongAdder());
      }
    }
  }

  /**
   * Goes on where a spool left off. What was accepted before and never became safe is gone with the
   * process that accepted it; so what was accepted is what has an end, or is in the spool.
   *
   * @param deliveredBefore events ever delivered
   * @param droppedBefore events ever lost, by reason
   * @param waiting events in the spool now
   * @param lost events found lost to damage of the spool
   * @param spooledNow how many there are at any later moment
   */
  public void restore(
      long deliveredBefore,
      Map<DropReason, Long> droppedBefore,
      long waiting,
      long lost,
      LongSupplier spooledNow) {
    long ended = deliveredBefore;
    delivered.addAndGet(deliveredBefore);
    for (Map.Entry<DropReason, Long> entry : droppedBefore.entrySet()) {
      dropped(entry.getKey(), entry.getValue());
      ended += entry.getKey().isAfterAcceptance() ? entry.getValue() : 0;
    }
    dropped(DropReason.DAMAGED, lost);
    acceptedBefore = ended + waiting + lost;
    spooled = spooledNow;
  }

  public void delivered(long count) {
    delivered.addAndGet(count);
  }

  public void dropped(DropReason reason) {
    dropped(reason, 1);
  }

  public void dropped(DropReason reason, long count) {
    AtomicLong inLine = droppedInLine.get(reason);
    if (inLine != null) {
      inLine.addAndGet(count);
    } else {
      Objects.requireNonNull(droppedBefore.get(reason)).add(count);
    }
  }

  /** How many were dropped for a reason. */
  public long droppedFor(DropReason reason) {
    Number counter =
        reason.isAfterAcceptance() ? droppedInLine.get(reason) : droppedBefore.get(reason);
    return Objects.requireNonNull(counter).longValue();
  }

  public Ledger ledger() {
    return ledger(0, null);
  }

  /** The ledger as it will be when so many more have been delivered or, with a reason, dropped. */
  public Ledger ledgerWith(long more, @Nullable DropReason reason) {
    return ledger(more, reason);
  }

  private Ledger ledger(long more, @Nullable DropReason reason) {
    long deliveredNow = delivered.get() + (reason == null ? more : 0);
    Map<DropReason, Long> droppedNow = new EnumMap<>(DropReason.class);
    long before = 0;
    long after = 0;
    for (DropReason each : DropReason.values()) {
      long count = droppedFor(each) + (each == reason ? more : 0);
      if (count == 0) {
        continue;
      }
      droppedNow.put(each, count);
      if (each.isAfterAcceptance()) {
        after += count;
      } else {
        before += count;
      }
    }
    long spooledNow = spooled.getAsLong();
    long acceptedNow = acceptedBefore + acceptedSinceStart.getAsLong();
    long inFlight = acceptedNow - deliveredNow - spooledNow - after;
    return new Ledger(
        acceptedNow + before, acceptedNow, deliveredNow, inFlight, spooledNow, droppedNow);
  }
}
