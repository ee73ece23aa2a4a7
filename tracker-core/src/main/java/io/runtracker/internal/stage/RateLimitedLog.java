// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.stage;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Warns at most once a minute about one matter, and says how many warnings were left out. Never
 * throws.
 */
public final class RateLimitedLog {

  private static final long PAUSE_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final QuietLogger logger;
  private final LongSupplier nanoTime;
  private final Map<String, Matter> matters = new ConcurrentHashMap<>();

  /** Logs as the tracker. */
  public RateLimitedLog() {
    this(System::nanoTime);
  }

  /**
   * Logs as the tracker.
   *
   * @param nanoTime as {@link System#nanoTime}
   */
  public RateLimitedLog(LongSupplier nanoTime) {
    this.logger = QuietLogger.ofTracker();
    this.nanoTime = nanoTime;
  }

  /** Logs as a class. */
  public RateLimitedLog(Class<?> type) {
    this.logger = QuietLogger.of(type);
    this.nanoTime = System::nanoTime;
  }

  /** Returns whether it was logged. */
  public boolean warn(String matter, String message) {
    return warn(matter, message, null);
  }

  /** Returns whether it was logged. */
  public boolean warn(String matter, String message, @Nullable Throwable cause) {
    try {
      long now = nanoTime.getAsLong();
      long leftOut = matters.computeIfAbsent(matter, name -> new Matter()).admit(now);
      if (leftOut >= 0) {
        String suffix = leftOut == 0 ? "" : " (" + leftOut + " like it were not logged)";
        logger.warn(message + suffix, cause);
        return true;
      }
    } catch (Throwable outOfMemory) {
      // Whoever warns of a fault is about to mend it, and goes on.
    }
    return false;
  }

  private static final class Matter {
    private long lastNanos;
    private long leftOut = -1;

    /** How many warnings were left out since the last one, or -1 when this one is too. */
    synchronized long admit(long nowNanos) {
      if (leftOut >= 0 && nowNanos - lastNanos < PAUSE_NANOS) {
        leftOut++;
        return -1;
      }
      long before = Math.max(leftOut, 0);
      lastNanos = nowNanos;
      leftOut = 0;
      return before;
    }
  }
}
