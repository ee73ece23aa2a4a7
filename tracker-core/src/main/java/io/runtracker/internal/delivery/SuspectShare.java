// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import java.util.concurrent.TimeUnit;

/**
 * How much of the places for calls the units have that fail while others pass: a tenth while few of
 * them wait, so that the others keep nine tenths of their speed however long a bad call takes; and
 * the more of the memory they take, the more, up to half, so that they are settled before they fill
 * it. What the others do not want they may have beyond that.
 *
 * <p>Belongs to the thread that delivers.
 */
final class SuspectShare {

  private static final double LEAST = 0.1;
  private static final double MOST = 0.5;

  /** A call that takes longer holds a place for too long to be given one that is merely free. */
  private static final long LONG_CALL_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final int places;
  private final int room;

  /** Their share is used up until then. */
  private long freeNanos = System.nanoTime();

  /**
   * Nothing is used yet.
   *
   * @param places calls that may be under way
   * @param room so many of them that wait take all the memory that they may take
   */
  SuspectShare(int places, int room) {
    this.places = places;
    this.room = room;
  }

  /** Whether one more may be begun, although others may want the place. */
  boolean isLeft(int underWay, int waiting, long now) {
    return isBelowMost(underWay, waiting) && freeNanos - now <= 0;
  }

  private boolean isBelowMost(int underWay, int waiting) {
    return underWay < Math.max(1, (int) (places * share(waiting)));
  }

  /** Whether one more may be begun, because no other wants the place now. */
  boolean mayUseFreePlace(int underWay, long lastTookNanos) {
    return underWay < places * MOST && lastTookNanos < LONG_CALL_NANOS;
  }

  /** When one that is due then may be begun; not before a call has ended where it is never. */
  long dueNanos(int underWay, int waiting, long due, long never) {
    return !isBelowMost(underWay, waiting) ? never : freeNanos - due > 0 ? freeNanos : due;
  }

  /** A call of theirs has ended: so many nanoseconds of one place are used. */
  void used(long startedNanos, long tookNanos, int waiting) {
    long from = startedNanos - freeNanos > 0 ? startedNanos : freeNanos;
    freeNanos = from + (long) (tookNanos / (places * share(waiting)));
  }

  private double share(int waiting) {
    return Math.min(MOST, Math.max(LEAST, (double) waiting / room));
  }
}
