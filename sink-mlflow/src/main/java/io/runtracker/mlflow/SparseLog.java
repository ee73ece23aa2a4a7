// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Warns of one matter at most once a minute, and says how many warnings were left out. */
final class SparseLog {

  private static final long PAUSE_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final Logger logger;
  private long lastNanos = System.nanoTime() - PAUSE_NANOS;
  private long leftOut;

  SparseLog(Class<?> of) {
    this.logger = LoggerFactory.getLogger(of);
  }

  synchronized void warn(String message) {
    long now = System.nanoTime();
    if (now - lastNanos < PAUSE_NANOS) {
      leftOut++;
      return;
    }
    String suffix = leftOut == 0 ? "" : " (" + leftOut + " like it were not logged)";
    lastNanos = now;
    leftOut = 0;
    try {
      logger.warn("{}{}", message, suffix);
    } catch (Throwable ofTheLogger) {
      // An appender failed, such as one whose disk is full; what was warned of goes on.
    }
  }
}
