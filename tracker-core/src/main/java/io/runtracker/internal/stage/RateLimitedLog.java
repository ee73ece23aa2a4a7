// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.stage;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Warns at most once a minute about one matter, and says how many warnings were left out. Never
 * throws.
 */
public final class RateLimitedLog {

  private static final long PAUSE_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final QuietLogger logger;
  private final Map<String, Matter> matters = new ConcurrentHashMap<>();

  /** Logs as the tracker. */
  public RateLimitedLog() {
    this.logger = QuietLogger.ofTracker();
  }

  /** Logs as a class. */
  public RateLimitedLog(Class<?> type) {
    this.logger = QuietLogger.of(type);
  }

  public void warn(String matter, String message) {
    warn(matter, message, null);
  }

  public void warn(String matter, String message, @Nullable Throwable cause) {
    try {
      long leftOut = matters.computeIfAbsent(matter, name -> new Matter()).admit(System.nanoTime());
      if (leftOut >= 0) {
        String suffix = leftOut == 0 ? "" : " (" + leftOut + " like it were not logged)";
        logger.warn(message + suffix, cause);
      }
    } catch (Throwable outOfMemory) {
      // Whoever warns of a fault is about to mend it, and goes on.
    }
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
