// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

import java.util.concurrent.atomic.AtomicLong;

/**
 * What the requests in the ring hold in bytes. Light ones are bounded by the ring's slots, and are
 * not counted: a counter that all request threads share would cost more than the publish.
 */
public final class RingBytes {

  /** A request that holds less is light. */
  static final int LIGHT = 1 << 10;

  private final long most;
  private final AtomicLong taken = new AtomicLong();

  public RingBytes(long most) {
    this.most = most;
  }

  /** Takes room for a request; false when there is none. One alone always has room. */
  boolean take(int weight) {
    if (weight < LIGHT) {
      return true;
    }
    long now = taken.get();
    while (now == 0 || now + weight <= most) {
      long before = taken.compareAndExchange(now, now + weight);
      if (before == now) {
        return true;
      }
      now = before; // never taken and given back: another would find no room meanwhile
    }
    return false;
  }

  /** Whether {@link #take} would find room now. */
  boolean hasRoom(int weight) {
    long now = taken.get();
    return weight < LIGHT || now == 0 || now + weight <= most;
  }

  /** Gives back what {@link #take} took. */
  public void giveBack(int weight) {
    if (weight >= LIGHT) {
      taken.addAndGet(-weight);
    }
  }
}
