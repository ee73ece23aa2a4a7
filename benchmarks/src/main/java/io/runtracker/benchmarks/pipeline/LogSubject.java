// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.pipeline;

import static net.logstash.logback.argument.StructuredArguments.kv;

import ch.qos.logback.classic.AsyncAppender;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.FileAppender;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import net.logstash.logback.encoder.LogstashEncoder;
import org.slf4j.LoggerFactory;

/**
 * Logback's async appender before a file of JSON lines. Each line is written at once, as is its
 * default: so what was logged survives the end of the process, as it does in a spool.
 */
final class LogSubject implements Subject {

  private static final int QUEUE = 1 << 16;
  private static final int LOOK_MILLIS = 5;

  private final Path file;
  private final Logger logger;
  private final AsyncAppender async = new AsyncAppender();

  LogSubject(Path file) {
    this.file = file;
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    LogstashEncoder encoder = new LogstashEncoder();
    encoder.setContext(context);
    FileAppender<ILoggingEvent> appender = new FileAppender<>();
    appender.setContext(context);
    appender.setFile(file.toString());
    appender.setEncoder(encoder);
    encoder.start();
    appender.start();
    async.setContext(context);
    async.setQueueSize(QUEUE);
    async.setDiscardingThreshold(0);
    async.addAppender(appender);
    async.start();
    this.logger = context.getLogger("requests");
    logger.detachAndStopAllAppenders();
    logger.setLevel(Level.INFO);
    logger.setAdditive(false);
    logger.addAppender(async);
  }

  @Override
  public void request(Sample sample) {
    long startNanos = System.nanoTime();
    List<Object> fields = new ArrayList<>(10);
    fields.add(kv("http.method", sample.method()));
    fields.add(kv("http.url", sample.url()));
    fields.add(kv("http.route", sample.route()));
    fields.add(kv("http.status_code", sample.status()));
    sample.params().forEach(param -> fields.add(kv(param.getKey(), param.getValue())));
    sample.metrics().forEach(metric -> fields.add(kv(metric.getKey(), metric.getValue())));
    if (sample.text() != null) {
      fields.add(kv("summary", sample.text()));
    }
    Exception error = sample.error();
    if (error != null) {
      // As much as we keep: its class and its message.
      fields.add(kv("error.type", error.getClass().getName()));
      fields.add(kv("error.message", error.getMessage()));
    }
    fields.add(kv("duration_ms", (System.nanoTime() - startNanos) / 1e6));
    logger.info("request", fields.toArray());
  }

  @Override
  public void flush() {
    try {
      while (async.getNumberOfElementsInQueue() > 0) {
        TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public Map<String, Object> facts() {
    return Map.of("waiting", async.getNumberOfElementsInQueue());
  }

  @Override
  public Map<String, Object> finish() throws IOException {
    flush();
    logger.detachAndStopAllAppenders();
    try (Stream<String> lines = Files.lines(file)) {
      return Map.of("lines", lines.count());
    } finally {
      Files.delete(file);
    }
  }
}
