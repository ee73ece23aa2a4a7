// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.capture;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import java.util.concurrent.CountDownLatch;
import org.slf4j.LoggerFactory;

/** Logback as the benchmarks need it: what the clients themselves say goes nowhere. */
final class LogbackSetup {

  private static final CountDownLatch LET_GO = new CountDownLatch(1);

  private LogbackSetup() {}

  static LoggerContext quiet() {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    context.reset();
    context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).setLevel(Level.WARN);
    return context;
  }

  /** From its next warning on, this thread waits for {@link #letGo}. */
  static void holdUp(String threadName) {
    LoggerContext context = quiet();
    UnsynchronizedAppenderBase<ILoggingEvent> appender =
        new UnsynchronizedAppenderBase<>() {
          @Override
          protected void append(ILoggingEvent event) {
            if (Thread.currentThread().getName().equals(threadName)) {
              await();
            }
          }
        };
    appender.setContext(context);
    appender.start();
    Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    root.addAppender(appender);
  }

  static void await() {
    try {
      LET_GO.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  static void letGo() {
    LET_GO.countDown();
  }
}
