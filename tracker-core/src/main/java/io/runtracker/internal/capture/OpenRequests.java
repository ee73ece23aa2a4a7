// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The requests that are open, so that closing the tracker can end them.
 *
 * <p>A request takes one slot of a table and leaves it empty, which allocates nothing and waits for
 * nobody. Each thread begins to look in a cache line of its own, or nearly so. Where that is full,
 * as by many long streams opened by one thread, the request goes somewhere into a large table, made
 * when it is first needed.
 */
public final class OpenRequests {

  public static final int STRIPES = 256;

  /** References to a cache line. */
  public static final int SLOTS_PER_STRIPE = 16;

  /** What is never ended would else be kept for ever. */
  static final int LARGE = 1 << 17;

  /** The place of a request that is in no slot. */
  static final int NOWHERE = -1;

  /** Enough to find a free slot until three quarters of the large table are taken. */
  private static final int LOOKS = 32;

  private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;

  private final Slots small = new Slots(STRIPES * SLOTS_PER_STRIPE);
  private final AtomicReference<@Nullable Slots> large = new AtomicReference<>();
  private volatile boolean closed;

  /** False when no more requests are taken, and this one was not killed for it either. */
  public boolean add(CapturedRequest request) {
    if (closed) {
      return false;
    }
    request.place = place(request);
    // It may have come after closing looked into its slot, or just before.
    return !closed || !request.abandon();
  }

  private int place(CapturedRequest request) {
    int stripe = spread(Thread.currentThread().getId()) & (STRIPES - 1);
    int slot = small.take(stripe * SLOTS_PER_STRIPE, SLOTS_PER_STRIPE, request);
    if (slot != NOWHERE) {
      return slot;
    }
    slot = large().take(spread(request.startNanos()), LOOKS, request);
    return slot == NOWHERE ? NOWHERE : small.length() + slot;
  }

  /** Neighbouring values come far apart. */
  private static int spread(long value) {
    return (int) ((value * GOLDEN_RATIO) >>> 40);
  }

  private Slots large() {
    Slots made = large.get();
    if (made == null) {
      large.compareAndSet(null, new Slots(LARGE));
      made = Objects.requireNonNull(large.get());
    }
    return made;
  }

  /** To be called once by whoever ended the request, or is never going to. */
  void remove(CapturedRequest request) {
    int place = request.place;
    if (place >= small.length()) {
      large().setRelease(place - small.length(), null);
    } else if (place >= 0) {
      small.setRelease(place, null);
    }
    request.place = NOWHERE;
  }

  public boolean isClosed() {
    return closed;
  }

  /** How many there are, but for those that are nowhere. Looks into every slot. */
  public long count() {
    Slots more = large.get();
    return small.count() + (more == null ? 0 : more.count());
  }

  /**
   * Takes no more requests, and hands over those that are open until one is refused.
   *
   * @param taker says whether it goes on
   */
  void close(Predicate<CapturedRequest> taker) {
    closed = true;
    Slots more = large.get();
    if (small.all(taker) && more != null) {
      more.all(taker);
    }
  }

  /** A power of two of them. */
  private static final class Slots extends AtomicReferenceArray<@Nullable CapturedRequest> {
    private static final long serialVersionUID = 1;

    private Slots(int count) {
      super(count);
    }

    /** The slot of the first few that is free, taken; {@link #NOWHERE} when none of them is. */
    private int take(int first, int looks, CapturedRequest request) {
      for (int look = 0; look < looks; look++) {
        int slot = (first + look) & (length() - 1);
        if (getOpaque(slot) == null && compareAndSet(slot, null, request)) {
          return slot;
        }
      }
      return NOWHERE;
    }

    private long count() {
      long count = 0;
      for (int slot = 0; slot < length(); slot++) {
        CapturedRequest request = getOpaque(slot);
        count += request != null && !request.isEnded() ? 1 : 0;
      }
      return count;
    }

    /** Whether the taker took all. */
    private boolean all(Predicate<CapturedRequest> taker) {
      for (int slot = 0; slot < length(); slot++) {
        CapturedRequest request = get(slot);
        if (request != null && !taker.test(request)) {
          return false;
        }
      }
      return true;
    }
  }
}
