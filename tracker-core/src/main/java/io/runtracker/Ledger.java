// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * Where every request went. The numbers add up at any moment:
 *
 * <pre>
 * offered  = accepted + dropped before acceptance
 * accepted = delivered + inFlight + spooled + dropped after acceptance
 * </pre>
 *
 * @param offered requests that ended while tracked, those with {@link TrackedRequest#drop()} left
 *     out
 * @param accepted requests taken into the ring buffer
 * @param delivered requests whose run is complete in the sink
 * @param inFlight requests in memory: in the ring, in the queue, or being delivered
 * @param spooled requests that wait on disk
 * @param dropped requests lost or {@linkplain DropReason#SAMPLED sampled out}, by reason; reasons
 *     that did not occur are absent
 */
public record Ledger(
    long offered,
    long accepted,
    long delivered,
    long inFlight,
    long spooled,
    Map<DropReason, Long> dropped) {

  /** Copies the map. */
  public Ledger {
    Map<DropReason, Long> copy = new EnumMap<>(DropReason.class);
    copy.putAll(dropped);
    dropped = Collections.unmodifiableMap(copy);
  }

  /** All requests lost, whatever the reason; those sampled out are none. */
  public long droppedTotal() {
    return dropped.values().stream().mapToLong(Long::longValue).sum() - sampledOut();
  }

  /**
   * Whether every request offered is in the sink, but for those sampled out: nothing waits and
   * nothing was lost.
   */
  public boolean isComplete() {
    return delivered + sampledOut() == offered;
  }

  private long sampledOut() {
    return dropped.getOrDefault(DropReason.SAMPLED, 0L);
  }
}
