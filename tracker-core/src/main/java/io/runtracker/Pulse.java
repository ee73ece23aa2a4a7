// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.util.concurrent.TimeUnit;

/** Whether a stage of the line still moves. One thread beats; any may ask. */
final class Pulse {

  /** Longer than any stage rests, and longer than a disk or a collector takes to get well again. */
  private static final long STILL_NANOS = TimeUnit.SECONDS.toNanos(30);

  private volatile long beatNanos = System.nanoTime();

  void beat() {
    beatNanos = System.nanoTime();
  }

  /** Whether it has not beaten for half a minute. */
  boolean isStill() {
    return System.nanoTime() - beatNanos > STILL_NANOS;
  }
}
