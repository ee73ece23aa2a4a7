// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Whether the sink may be called. Closed while calls succeed. After a failure that is the server's
 * it opens for a pause that doubles with every further one, jittered so that a fleet does not
 * return in step; then one call at a time probes, until one succeeds.
 */
final class Circuit {

  /** A server may ask for a pause, but not for one that outlasts an operator's patience. */
  static final Duration LONGEST_RETRY_AFTER = Duration.ofMinutes(5);

  private final long firstPauseNanos;
  private final long longestPauseNanos;

  private int failures;
  private long openUntilNanos;
  private boolean probing;

  Circuit(Duration firstPause, Duration longestPause) {
    this.firstPauseNanos = firstPause.toNanos();
    this.longestPauseNanos = longestPause.toNanos();
  }

  /**
   * Asks to make a call. Every permitted call is followed by exactly one of {@link #succeeded},
   * {@link #failed} and {@link #released}.
   *
   * @return 0 when permitted, else how many nanoseconds to wait before asking again
   */
  synchronized long ask() {
    if (failures == 0) {
      return 0;
    }
    long wait = openUntilNanos - System.nanoTime();
    if (wait > 0) {
      return wait;
    }
    if (probing) {
      return Math.max(firstPauseNanos / 4, 1_000_000);
    }
    probing = true;
    return 0;
  }

  synchronized void succeeded() {
    failures = 0;
    probing = false;
  }

  /** A permitted call that told nothing about the server. */
  synchronized void released() {
    probing = false;
  }

  /**
   * A call failed by the server's fault.
   *
   * @param startedNanos when the call began: several that were under way together count as one
   */
  synchronized void failed(long startedNanos, @Nullable Duration retryAfter) {
    boolean sameOutage = failures > 0 && startedNanos - openUntilNanos < 0;
    if (!sameOutage) {
      failures = Math.min(failures + 1, 30);
      probing = false;
      openUntilNanos = System.nanoTime() + jittered(pauseNanos());
    }
    if (retryAfter != null) {
      Duration asked =
          retryAfter.compareTo(LONGEST_RETRY_AFTER) > 0 ? LONGEST_RETRY_AFTER : retryAfter;
      long until = System.nanoTime() + asked.toNanos();
      openUntilNanos = until - openUntilNanos > 0 ? until : openUntilNanos;
    }
  }

  synchronized boolean isOpen() {
    return failures > 0;
  }

  private long pauseNanos() {
    long pause = firstPauseNanos;
    for (int i = 1; i < failures && pause < longestPauseNanos; i++) {
      pause *= 2;
    }
    return Math.min(pause, longestPauseNanos);
  }

  /** Half of the pause for certain, the other half by chance. */
  private static long jittered(long nanos) {
    return nanos / 2 + ThreadLocalRandom.current().nextLong(nanos / 2 + 1);
  }
}
