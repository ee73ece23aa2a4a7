// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * The counters behind the {@link Ledger}.
 *
 * <p>What a request ends as is counted where it ends; what was accepted is read off the ring's
 * cursor, which costs the request thread nothing. The ends are read before the beginnings, so that
 * a ledger taken while requests flow never shows more delivered than accepted.
 */
final class Counts {

  private final LongSupplier accepted;
  private final LongAdder delivered = new LongAdder();
  private final Map<DropReason, LongAdder> dropped = new EnumMap<>(DropReason.class);

  Counts(LongSupplier accepted) {
    this.accepted = accepted;
    for (DropReason reason : DropReason.values()) {
      dropped.put(reason, new LongAdder());
    }
  }

  void delivered() {
    delivered.increment();
  }

  void dropped(DropReason reason) {
    dropped(reason, 1);
  }

  void dropped(DropReason reason, long count) {
    counter(reason).add(count);
  }

  long droppedNow(DropReason reason) {
    return counter(reason).sum();
  }

  Ledger ledger() {
    long deliveredNow = delivered.sum();
    Map<DropReason, Long> droppedNow = new EnumMap<>(DropReason.class);
    long before = 0;
    long after = 0;
    for (Map.Entry<DropReason, LongAdder> entry : dropped.entrySet()) {
      long count = entry.getValue().sum();
      if (count == 0) {
        continue;
      }
      droppedNow.put(entry.getKey(), count);
      if (entry.getKey().isAfterAcceptance()) {
        after += count;
      } else {
        before += count;
      }
    }
    long acceptedNow = accepted.getAsLong();
    long inFlight = acceptedNow - deliveredNow - after;
    return new Ledger(acceptedNow + before, acceptedNow, deliveredNow, inFlight, 0, droppedNow);
  }

  private LongAdder counter(DropReason reason) {
    LongAdder counter = dropped.get(reason);
    if (counter == null) {
      throw new IllegalStateException("no counter for " + reason);
    }
    return counter;
  }
}
