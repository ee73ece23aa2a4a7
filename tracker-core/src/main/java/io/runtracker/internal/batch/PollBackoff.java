// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.batch;

import java.util.concurrent.TimeUnit;

/**
 * How long the ring's consumer sleeps between two looks at the ring.
 *
 * <p>A look that wakes a thread costs the service more than the few events that it finds. So while
 * requests come there is one look when a group may be due, and not many before; unless the ring
 * would fill meanwhile at the rate of the last look. When nothing comes, each sleep is twice the
 * one before.
 */
final class PollBackoff {

  static final long SHORTEST_PARK_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

  private final int ringSize;
  private final long longestParkNanos;
  private long parkNanos = SHORTEST_PARK_NANOS;

  /**
   * @param longestParkNanos how long an event may wait that comes when there was none for long
   */
  PollBackoff(int ringSize, long longestParkNanos) {
    this.ringSize = ringSize;
    this.longestParkNanos = longestParkNanos;
  }

  /**
   * The sleep that is to follow a look.
   *
   * @param sinceLastNanos from the look before to this one
   * @param came events that this look found
   * @param nothingHeld whether no event waits for its group to be due
   * @param untilDueNanos when the next group may be due
   * @return nanoseconds; 0 when the ring filled so far that the next look must follow at once
   */
  long afterLook(long sinceLastNanos, long came, boolean nothingHeld, long untilDueNanos) {
    if (came > ringSize / 2) {
      parkNanos = SHORTEST_PARK_NANOS;
      return 0;
    }
    if (came == 0 && nothingHeld) {
      parkNanos = Math.min(2 * parkNanos, longestParkNanos);
      return parkNanos;
    }
    long park = Math.min(untilDueNanos, longestParkNanos);
    if (came > 0) {
      park = Math.min(park, sinceLastNanos * (ringSize / 4) / came);
    }
    parkNanos = Math.max(park, SHORTEST_PARK_NANOS);
    return parkNanos;
  }
}
