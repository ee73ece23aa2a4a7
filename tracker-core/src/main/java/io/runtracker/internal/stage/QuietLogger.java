// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.stage;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A logger that never throws. Appenders do, such as one whose disk is full; and no more than a
 * request may pay for that may a thread of ours.
 */
public final class QuietLogger {

  /** By name: the class itself is at the top of everything that logs. */
  private static final String TRACKER = "io.runtracker.Tracker";

  private final Logger logger;

  private QuietLogger(Logger logger) {
    this.logger = logger;
  }

  /** The one that all of a tracker logs to. */
  public static QuietLogger ofTracker() {
    return new QuietLogger(LoggerFactory.getLogger(TRACKER));
  }

  /** That of a class. */
  public static QuietLogger of(Class<?> type) {
    return new QuietLogger(LoggerFactory.getLogger(type));
  }

  public void warn(String message, @Nullable Throwable cause) {
    try {
      logger.warn(message, cause);
    } catch (Throwable ofTheLogger) {
      // There is nobody left to tell.
    }
  }

  public void info(String message, Object... arguments) {
    try {
      logger.info(message, arguments);
    } catch (Throwable ofTheLogger) {
      // As above.
    }
  }

  public void debug(String message, Throwable cause) {
    try {
      logger.debug(message, cause);
    } catch (Throwable ofTheLogger) {
      // As above.
    }
  }
}
