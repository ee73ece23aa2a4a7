// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.capture;

import static net.logstash.logback.argument.StructuredArguments.kv;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.concurrent.atomic.LongAdder;
import net.logstash.logback.appender.LoggingEventAsyncDisruptorAppender;
import net.logstash.logback.encoder.LogstashEncoder;

/** logstash-logback-encoder's Disruptor appender, encoding JSON behind it. */
final class LogstashSubject implements Subject {

  private static final String MESSAGE = "request";

  private final Logger logger;
  private final Encoding encoding;
  private final LoggingEventAsyncDisruptorAppender appender =
      new LoggingEventAsyncDisruptorAppender();

  LogstashSubject(Ending ending) {
    LoggerContext context = LogbackSetup.quiet();
    this.encoding = new Encoding(ending);
    encoding.setContext(context);
    encoding.start();
    appender.setContext(context);
    appender.setName("requests");
    appender.setThreadNameFormat("logstash-appender-%2$d");
    appender.setRingBufferSize(CAPACITY);
    appender.addAppender(encoding);
    appender.start();
    this.logger = context.getLogger("requests");
    logger.setLevel(Level.INFO);
    logger.setAdditive(false);
    logger.addAppender(appender);
  }

  @Override
  public void request() {
    long startNanos = System.nanoTime();
    logger.info(MESSAGE, fields(System.nanoTime() - startNanos));
  }

  @Override
  public Object prepare() {
    return new LoggingEvent(
        LogstashSubject.class.getName(), logger, Level.INFO, MESSAGE, null, fields(1_000));
  }

  @Override
  public void publish(Object prepared) {
    appender.doAppend((LoggingEvent) prepared);
  }

  private static Object[] fields(long nanos) {
    return new Object[] {
      kv("http.method", METHOD),
      kv("http.url", URL),
      kv("http.route", ROUTE),
      kv("http.status_code", STATUS),
      kv("duration_ms", nanos / 1e6)
    };
  }

  @Override
  public long consumed() {
    return encoding.encoded.sum();
  }

  @Override
  public boolean owns(String threadName) {
    return threadName.startsWith("logstash-appender");
  }

  @Override
  public void close() {
    LogbackSetup.letGo();
    appender.stop();
  }

  private static final class Encoding extends AppenderBase<ILoggingEvent> {
    private final LogstashEncoder encoder = new LogstashEncoder();
    private final Ending ending;
    private final LongAdder encoded = new LongAdder();

    Encoding(Ending ending) {
      this.ending = ending;
    }

    @Override
    public void start() {
      encoder.setContext(getContext());
      encoder.start();
      super.start();
    }

    @Override
    protected void append(ILoggingEvent event) {
      switch (ending) {
        case WELL -> {
          if (encoder.encode(event).length > 0) {
            encoded.increment();
          }
        }
        case STUCK -> LogbackSetup.await();
        case DEAD -> throw new IllegalStateException("nobody is there");
      }
    }
  }
}
