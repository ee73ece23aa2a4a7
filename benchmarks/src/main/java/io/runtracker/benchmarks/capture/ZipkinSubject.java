// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.capture;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import zipkin2.Span;
import zipkin2.reporter.AsyncReporter;
import zipkin2.reporter.BytesMessageSender;
import zipkin2.reporter.Encoding;
import zipkin2.reporter.SpanBytesEncoder;

/** zipkin-reporter with its own JSON encoder, which the reporting thread asks for the size. */
final class ZipkinSubject implements Subject {

  private final Sender sender;
  private final AsyncReporter<Span> reporter;

  ZipkinSubject(Ending ending) {
    this.sender = new Sender(ending);
    this.reporter =
        AsyncReporter.builder(sender)
            .queuedMaxSpans(CAPACITY)
            // What a drain waits for; the default is a second.
            .messageTimeout(2, TimeUnit.MILLISECONDS)
            .closeTimeout(0, TimeUnit.SECONDS)
            .build(SpanBytesEncoder.JSON_V2);
  }

  @Override
  public void request() {
    long startMicros = System.currentTimeMillis() * 1000;
    long startNanos = System.nanoTime();
    reporter.report(span(startMicros, System.nanoTime() - startNanos));
  }

  @Override
  public Object prepare() {
    return span(System.currentTimeMillis() * 1000, 1_000);
  }

  @Override
  public void publish(Object prepared) {
    reporter.report((Span) prepared);
  }

  private static Span span(long startMicros, long nanos) {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    return Span.newBuilder()
        .traceId(random.nextLong(), random.nextLong())
        .id(random.nextLong(1, Long.MAX_VALUE))
        .kind(Span.Kind.SERVER)
        .name(METHOD)
        .timestamp(startMicros)
        .duration(Math.max(1, nanos / 1000))
        .putTag("http.method", METHOD)
        .putTag("http.url", URL)
        .putTag("http.route", ROUTE)
        .putTag("http.status_code", Integer.toString(STATUS))
        .build();
  }

  @Override
  public long consumed() {
    return sender.sent.sum();
  }

  @Override
  public void flush() {
    reporter.flush();
  }

  @Override
  public boolean owns(String threadName) {
    return threadName.startsWith("AsyncReporter");
  }

  @Override
  public void close() {
    LogbackSetup.letGo();
    reporter.close();
  }

  private static final class Sender extends BytesMessageSender.Base {
    private final Ending ending;
    private final LongAdder sent = new LongAdder();

    Sender(Ending ending) {
      super(Encoding.JSON);
      this.ending = ending;
    }

    @Override
    public int messageMaxBytes() {
      return 500_000;
    }

    @Override
    public void send(List<byte[]> encodedSpans) throws IOException {
      switch (ending) {
        case WELL -> sent.add(encodedSpans.size());
        case STUCK -> LogbackSetup.await();
        case DEAD -> throw new IOException("nobody is there");
      }
    }

    @Override
    public void close() {}
  }
}
