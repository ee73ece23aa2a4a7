// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.capture;

import java.util.concurrent.atomic.LongAdder;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.apache.logging.log4j.core.Filter;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.Configuration;
import org.apache.logging.log4j.core.config.DefaultConfiguration;
import org.apache.logging.log4j.core.config.LoggerConfig;
import org.apache.logging.log4j.core.config.Property;
import org.apache.logging.log4j.core.layout.PatternLayout;
import org.apache.logging.log4j.message.Message;
import org.apache.logging.log4j.message.StringMapMessage;

/** Log4j2 with all loggers asynchronous. */
final class Log4jSubject implements Subject {

  private final Formatting appender;
  private final Logger logger;

  Log4jSubject(Ending ending) {
    System.setProperty(
        "log4j2.contextSelector", "org.apache.logging.log4j.core.async.AsyncLoggerContextSelector");
    System.setProperty("log4j2.asyncLoggerRingBufferSize", Integer.toString(CAPACITY));
    // Without this a full buffer stops the request's thread.
    System.setProperty("log4j2.asyncQueueFullPolicy", "Discard");
    System.setProperty("log4j2.statusLoggerLevel", "OFF");
    this.appender = new Formatting(ending);
    appender.start();
    LoggerContext context = (LoggerContext) LogManager.getContext(false);
    Configuration configuration = new DefaultConfiguration();
    LoggerConfig root = configuration.getRootLogger();
    root.getAppenders().keySet().forEach(root::removeAppender);
    root.setLevel(Level.INFO);
    root.addAppender(appender, Level.INFO, null);
    context.reconfigure(configuration);
    this.logger = context.getLogger("requests");
  }

  @Override
  public void request() {
    long startNanos = System.nanoTime();
    logger.info(message(System.nanoTime() - startNanos));
  }

  @Override
  public Object prepare() {
    return message(1_000);
  }

  @Override
  public void publish(Object prepared) {
    logger.info((Message) prepared);
  }

  private static Message message(long nanos) {
    return new StringMapMessage(8)
        .with("http.method", METHOD)
        .with("http.url", URL)
        .with("http.route", ROUTE)
        .with("http.status_code", STATUS)
        .with("duration_ms", nanos / 1e6);
  }

  @Override
  public long consumed() {
    return appender.formatted.sum();
  }

  @Override
  public boolean owns(String threadName) {
    return threadName.startsWith("Log4j2-TF");
  }

  @Override
  public void close() {
    LogbackSetup.letGo();
    LogManager.shutdown();
  }

  private static final class Formatting extends AbstractAppender {
    private static final PatternLayout LAYOUT =
        PatternLayout.newBuilder().setPattern("%d %p %c %m").build();

    private final Ending ending;
    private final LongAdder formatted = new LongAdder();

    Formatting(Ending ending) {
      super("formatting", (Filter) null, LAYOUT, true, Property.EMPTY_ARRAY);
      this.ending = ending;
    }

    @Override
    public void append(LogEvent event) {
      switch (ending) {
        case WELL -> {
          if (LAYOUT.toByteArray(event).length > 0) {
            formatted.increment();
          }
        }
        case STUCK -> LogbackSetup.await();
        case DEAD -> throw new IllegalStateException("nobody is there");
      }
    }
  }
}
