// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.stage;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Whether a stage of the line still moves. One thread beats; any may ask. */
final class Pulse {

  /** Longer than any stage rests, and longer than a disk or a collector takes to get well again. */
  private static final long STILL_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final LongSupplier nanoTime;
  private volatile long beatNanos;

  Pulse() {
    this(System::nanoTime);
  }

  /** By another clock. */
  Pulse(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    beat();
  }

  void beat() {
    beatNanos = nanoTime.getAsLong();
  }

  /** Whether it has not beaten for half a minute. */
  boolean isStill() {
    return nanoTime.getAsLong() - beatNanos > STILL_NANOS;
  }
}
