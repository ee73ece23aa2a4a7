// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Leaves out a share of the requests when they end: those that failed or were slow are always kept.
 */
final class Sampler {

  private final double ratio;
  private final long slowNanos;

  private Sampler(double ratio, Duration slowThreshold) {
    this.ratio = ratio;
    this.slowNanos = slowThreshold.toNanos();
  }

  /** Null when every request is kept. */
  static @Nullable Sampler of(double ratio, Duration slowThreshold) {
    return ratio >= 1 ? null : new Sampler(ratio, slowThreshold);
  }

  boolean leavesOut(boolean failed, long durationNanos) {
    return !failed
        && durationNanos <= slowNanos
        && ThreadLocalRandom.current().nextDouble() >= ratio;
  }
}
