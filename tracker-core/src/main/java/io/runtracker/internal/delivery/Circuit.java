// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Whether the sink may be called. Closed while calls succeed. It opens when several units failed,
 * and none passed between: then one call at a time probes. When so many probes failed that it can
 * hardly be what is in them, or the server says that it is busy or is not there at all, a pause
 * begins. It doubles with each further one, and is jittered so that a fleet does not return in
 * step. The first call that succeeds closes it.
 */
final class Circuit {

  /** A server may ask for a pause, but not for one that outlasts an operator's patience. */
  static final Duration LONGEST_RETRY_AFTER = Duration.ofMinutes(5);

  /** Before each pause: what fails may be the few that are bad, and the next is good. */
  static final int PROBES = 12;

  private final long firstPauseNanos;
  private final long longestPauseNanos;

  private boolean open;
  private boolean probing;
  private long openedNanos;
  private int probesLeft;
  private int pauses;
  private long pausedNanos;
  private long pausedUntilNanos;

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
    if (!open) {
      return 0;
    }
    long wait = pauses == 0 ? 0 : pausedUntilNanos - System.nanoTime();
    if (wait > 0) {
      return wait;
    }
    if (probing) {
      return Math.max(firstPauseNanos / 4, 1_000_000);
    }
    probing = true;
    return 0;
  }

  /**
   * A permitted call succeeded.
   *
   * @return whether that closed it
   */
  synchronized boolean succeeded() {
    boolean closes = open;
    open = false;
    probing = false;
    pauses = 0;
    return closes;
  }

  /**
   * A permitted call told nothing about the server.
   *
   * @param startedNanos when the call began
   */
  synchronized void released(long startedNanos) {
    probing &= !isProbe(startedNanos);
  }

  /**
   * A call failed, and by all that is known not by what is in it.
   *
   * @param startedNanos when the call began: those that were under way when a pause began are of
   *     the trouble before it
   * @param isAway whether the server did not even look at it
   * @param retryAfter how long the server asked to be left alone, or null
   */
  synchronized void failed(long startedNanos, boolean isAway, @Nullable Duration retryAfter) {
    if (!open) {
      open = true;
      openedNanos = System.nanoTime();
      probesLeft = PROBES;
    } else {
      released(startedNanos);
    }
    boolean isOfTheTroubleBefore = pauses > 0 && startedNanos - pausedNanos < 0;
    if (!isOfTheTroubleBefore && (--probesLeft <= 0 || isAway)) {
      pauses = Math.min(pauses + 1, 30);
      pausedNanos = System.nanoTime();
      pausedUntilNanos = pausedNanos + jittered(pauseNanos());
      probesLeft = PROBES;
    }
    if (retryAfter != null && pauses > 0) {
      Duration asked =
          retryAfter.compareTo(LONGEST_RETRY_AFTER) > 0 ? LONGEST_RETRY_AFTER : retryAfter;
      long until = System.nanoTime() + asked.toNanos();
      pausedUntilNanos = until - pausedUntilNanos > 0 ? until : pausedUntilNanos;
    }
  }

  private boolean isProbe(long startedNanos) {
    return open && startedNanos - openedNanos >= 0;
  }

  /** Whether one call at a time probes, or none is made. */
  synchronized boolean isOpen() {
    return open;
  }

  /** Whether it has paused, and nothing has passed since. */
  synchronized boolean isPausing() {
    return pauses > 0;
  }

  private long pauseNanos() {
    long pause = firstPauseNanos;
    for (int i = 1; i < pauses && pause < longestPauseNanos; i++) {
      pause *= 2;
    }
    return Math.min(pause, longestPauseNanos);
  }

  /** Half of the pause for certain, the other half by chance. */
  private static long jittered(long nanos) {
    return nanos / 2 + ThreadLocalRandom.current().nextLong(nanos / 2 + 1);
  }
}
