// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.capture;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.ReadWriteSpan;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.Collection;
import java.util.concurrent.atomic.LongAdder;

/** OpenTelemetry's span and its batch processor. */
final class OpenTelemetrySubject implements Subject {

  private static final AttributeKey<String> HTTP_METHOD =
      AttributeKey.stringKey("http.request.method");
  private static final AttributeKey<String> URL_FULL = AttributeKey.stringKey("url.full");
  private static final AttributeKey<String> HTTP_ROUTE = AttributeKey.stringKey("http.route");
  private static final AttributeKey<Long> STATUS_CODE =
      AttributeKey.longKey("http.response.status_code");

  private final Exporter exporter;
  private final BatchSpanProcessor processor;
  private final SdkTracerProvider provider;
  private final SdkTracerProvider withoutProcessor =
      SdkTracerProvider.builder().addSpanProcessor(new Ignoring()).build();
  private final Tracer tracer;
  private final Tracer preparing = withoutProcessor.get("benchmark");

  OpenTelemetrySubject(Ending ending) {
    this.exporter = new Exporter(ending);
    this.processor = BatchSpanProcessor.builder(exporter).setMaxQueueSize(CAPACITY).build();
    this.provider = SdkTracerProvider.builder().addSpanProcessor(processor).build();
    this.tracer = provider.get("benchmark");
  }

  @Override
  @SuppressWarnings("try") // a scope is there to be closed
  public void request() {
    Span span = start(tracer);
    try (Scope scope = span.makeCurrent()) {
      span.setAttribute(HTTP_ROUTE, ROUTE);
    }
    span.setAttribute(STATUS_CODE, STATUS);
    span.end();
  }

  private static Span start(Tracer tracer) {
    return tracer
        .spanBuilder(METHOD)
        .setSpanKind(SpanKind.SERVER)
        .setAttribute(HTTP_METHOD, METHOD)
        .setAttribute(URL_FULL, URL)
        .startSpan();
  }

  @Override
  public Object prepare() {
    Span span = start(preparing);
    span.setAttribute(HTTP_ROUTE, ROUTE);
    span.setAttribute(STATUS_CODE, STATUS);
    span.end();
    return span;
  }

  @Override
  public void publish(Object prepared) {
    processor.onEnd((ReadableSpan) prepared);
  }

  @Override
  public long consumed() {
    return exporter.exported.sum();
  }

  @Override
  public void flush() {
    processor.forceFlush();
  }

  @Override
  public boolean owns(String threadName) {
    return threadName.startsWith("BatchSpanProcessor");
  }

  @Override
  public void close() {
    LogbackSetup.letGo();
    provider.shutdown();
    withoutProcessor.close();
  }

  /** A tracer with no processor at all makes no spans. */
  private static final class Ignoring implements SpanProcessor {
    @Override
    public void onStart(Context parentContext, ReadWriteSpan span) {}

    @Override
    public boolean isStartRequired() {
      return false;
    }

    @Override
    public void onEnd(ReadableSpan span) {}

    @Override
    public boolean isEndRequired() {
      return false;
    }
  }

  private static final class Exporter implements SpanExporter {
    private final Ending ending;
    private final LongAdder exported = new LongAdder();

    Exporter(Ending ending) {
      this.ending = ending;
    }

    @Override
    public CompletableResultCode export(Collection<SpanData> spans) {
      switch (ending) {
        case WELL -> exported.add(spans.size());
        case STUCK -> LogbackSetup.await();
        case DEAD -> {
          return CompletableResultCode.ofFailure();
        }
      }
      return CompletableResultCode.ofSuccess();
    }

    @Override
    public CompletableResultCode flush() {
      return CompletableResultCode.ofSuccess();
    }

    @Override
    public CompletableResultCode shutdown() {
      return CompletableResultCode.ofSuccess();
    }
  }
}
