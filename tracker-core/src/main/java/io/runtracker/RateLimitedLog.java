// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/** Warns at most once a minute about one matter, and says how many warnings were left out. */
final class RateLimitedLog {

  private static final long PAUSE_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final Logger logger;
  private final Map<String, Matter> matters = new ConcurrentHashMap<>();

  RateLimitedLog(Logger logger) {
    this.logger = logger;
  }

  void warn(String matter, String message) {
    warn(matter, message, null);
  }

  void warn(String matter, String message, @Nullable Throwable cause) {
    long leftOut = matters.computeIfAbsent(matter, name -> new Matter()).admit(System.nanoTime());
    if (leftOut < 0) {
      return;
    }
    String text = leftOut == 0 ? message : message + " (" + leftOut + " like it were not logged)";
    logger.warn(text, cause);
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
