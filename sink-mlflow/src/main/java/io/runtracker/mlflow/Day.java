// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The run of a day, and what its next point will hold. A busy service closes several windows a
 * second; a point for each would cost MLflow as much as a window does, and no chart shows so many.
 * Not safe for use by several threads.
 */
final class Day {

  /** Shorter than the default age of a window, so that each of those is a point. */
  private static final Duration LEAST_BETWEEN_POINTS = Duration.ofSeconds(5);

  private static final long LEAST_BETWEEN_ENDS = TimeUnit.MINUTES.toNanos(1);

  private final String runId;
  private @Nullable WindowStatistics waiting;

  /** Up to where the windows came, in their own time. */
  private Instant newest = Instant.EPOCH;

  private Instant pointEnd = Instant.EPOCH;
  private long pointNanos = System.nanoTime();
  private long endNanos = pointNanos - LEAST_BETWEEN_ENDS;

  Day(String runId) {
    this.runId = runId;
  }

  String runId() {
    return runId;
  }

  /**
   * Takes the numbers of a window in.
   *
   * @return the point to write now, or null while that has time
   */
  @Nullable WindowStatistics add(WindowStatistics window) {
    if (window.end().isAfter(newest)) {
      // Slow requests make windows overlap, and no second counts twice.
      window.countFrom(newest);
      newest = window.end();
    }
    if (waiting == null) {
      waiting = window;
    } else {
      waiting.add(window);
    }
    return isPointDue(window) ? takePoint() : null;
  }

  /**
   * By the time of the windows, which come fast when they come late, or by that of the clock,
   * because there may be none after this one.
   */
  private boolean isPointDue(WindowStatistics window) {
    return !window.end().isBefore(pointEnd.plus(LEAST_BETWEEN_POINTS))
        || System.nanoTime() - pointNanos >= LEAST_BETWEEN_POINTS.toNanos();
  }

  /** What waits to be written, or null. */
  @Nullable WindowStatistics takePoint() {
    WindowStatistics point = waiting;
    if (point != null) {
      waiting = null;
      pointEnd = point.end();
      pointNanos = System.nanoTime();
    }
    return point;
  }

  /** The end to give the run after a point was taken, or null when that has time. */
  @Nullable Instant takeEnd(boolean hurried) {
    long now = System.nanoTime();
    if (!hurried && now - endNanos < LEAST_BETWEEN_ENDS) {
      return null;
    }
    endNanos = now;
    return newest;
  }
}
