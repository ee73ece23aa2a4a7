// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.slf4j.LoggerFactory;

/** What the tracker logs from now on until it is closed, or what its logger does then. */
final class Logged extends AppenderBase<ILoggingEvent> implements AutoCloseable {

  private final Logger logger = (Logger) LoggerFactory.getLogger(Tracker.class);
  private final List<String> messages = new CopyOnWriteArrayList<>();
  private final List<String> threads = new CopyOnWriteArrayList<>();
  private final Consumer<ILoggingEvent> more;

  private Logged(Consumer<ILoggingEvent> more) {
    this.more = more;
    start();
    logger.addAppender(this);
  }

  static Logged byTheTracker() {
    return new Logged(event -> {});
  }

  /** What is of no concern to tests elsewhere, too. */
  static Logged byTheTrackerFromInfoOn() {
    Logged logged = new Logged(event -> {});
    logged.logger.setLevel(Level.INFO);
    return logged;
  }

  /** A logger that throws at whatever it is told. */
  static Logged throwing(Supplied<? extends Throwable> what) {
    return new Logged(event -> Logged.<RuntimeException>sneak(what.get()));
  }

  /** Makes what is thrown. */
  interface Supplied<T> {
    T get();
  }

  @SuppressWarnings("unchecked")
  private static <T extends Throwable> void sneak(Throwable any) throws T {
    throw (T) any;
  }

  /** Not {@link #append}: what an appender throws there, logback swallows. */
  @Override
  public void doAppend(ILoggingEvent event) {
    messages.add(event.getFormattedMessage());
    threads.add(event.getThreadName());
    more.accept(event);
  }

  @Override
  protected void append(ILoggingEvent event) {}

  List<String> messages() {
    return messages;
  }

  /** Who logged. */
  List<String> threads() {
    return threads;
  }

  @Override
  public void close() {
    logger.setLevel(null);
    logger.detachAppender(this);
  }
}
