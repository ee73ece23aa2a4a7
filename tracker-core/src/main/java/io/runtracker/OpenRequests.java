// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The requests that are open, so that closing the tracker can end them.
 *
 * <p>A request takes one slot of a table and leaves it empty, which allocates nothing and waits for
 * nobody. Each thread begins to look in a cache line of its own, or nearly so. Where that is full,
 * as by many long streams opened by one thread, the request goes into a set instead.
 */
final class OpenRequests {

  static final int STRIPES = 256;

  /** References to a cache line. */
  static final int SLOTS_PER_STRIPE = 16;

  /** What is never ended would else be kept for ever. */
  static final int MOST_OVERFLOW = 100_000;

  /** The place of a request that is in no slot. */
  static final int NOWHERE = -1;

  private static final int OVERFLOW = -2;
  private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;

  private final AtomicReferenceArray<@Nullable OpenRequest> slots =
      new AtomicReferenceArray<>(STRIPES * SLOTS_PER_STRIPE);
  private final Set<OpenRequest> overflow = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /** False when no more requests are taken, and this one was not killed for it either. */
  boolean add(OpenRequest request) {
    if (closed) {
      return false;
    }
    place(request);
    // It may have come after closing looked into its slot, or just before.
    return !closed || !request.abandon();
  }

  private void place(OpenRequest request) {
    int first = stripe(Thread.currentThread().getId()) * SLOTS_PER_STRIPE;
    for (int slot = first; slot < first + SLOTS_PER_STRIPE; slot++) {
      if (slots.getOpaque(slot) == null && slots.compareAndSet(slot, null, request)) {
        request.place = slot;
        return;
      }
    }
    if (overflow.size() < MOST_OVERFLOW) {
      request.place = OVERFLOW;
      overflow.add(request);
    }
  }

  /** Neighbouring thread ids come far apart. */
  private static int stripe(long threadId) {
    return (int) ((threadId * GOLDEN_RATIO) >>> 56);
  }

  /** To be called once by whoever ended the request, or is never going to. */
  void remove(OpenRequest request) {
    int place = request.place;
    if (place >= 0) {
      slots.setRelease(place, null);
    } else if (place == OVERFLOW) {
      overflow.remove(request);
    }
    request.place = NOWHERE;
  }

  boolean isClosed() {
    return closed;
  }

  /**
   * Takes no more requests, and hands over those that are open until one is refused.
   *
   * @param taker says whether it goes on
   */
  void close(Predicate<OpenRequest> taker) {
    closed = true;
    for (int slot = 0; slot < slots.length(); slot++) {
      OpenRequest request = slots.get(slot);
      if (request != null && !taker.test(request)) {
        return;
      }
    }
    for (OpenRequest request : overflow) {
      if (!taker.test(request)) {
        return;
      }
    }
  }
}
