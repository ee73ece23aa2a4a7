// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.pipeline;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Scope;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** OpenTelemetry's SDK: spans, the batch processor, the exporter of OTLP over HTTP. */
final class SpanSubject implements Subject {

  private static final AttributeKey<String> METHOD = AttributeKey.stringKey("http.request.method");
  private static final AttributeKey<String> URL_FULL = AttributeKey.stringKey("url.full");
  private static final AttributeKey<String> ROUTE = AttributeKey.stringKey("http.route");
  private static final AttributeKey<Long> STATUS =
      AttributeKey.longKey("http.response.status_code");
  private static final AttributeKey<String> ERROR_TYPE = AttributeKey.stringKey("error.type");
  private static final AttributeKey<String> TEXT = AttributeKey.stringKey("summary");

  /** By default it has room for 2,048 and drops what does not fit. */
  private static final int QUEUE = 1 << 16;

  private final SdkTracerProvider provider;
  private final Tracer tracer;

  SpanSubject(Stub stub) {
    OtlpHttpSpanExporter exporter =
        OtlpHttpSpanExporter.builder().setEndpoint(stub.server() + "/v1/traces").build();
    this.provider =
        SdkTracerProvider.builder()
            .addSpanProcessor(BatchSpanProcessor.builder(exporter).setMaxQueueSize(QUEUE).build())
            .build();
    this.tracer = provider.get("benchmark");
  }

  @Override
  @SuppressWarnings("try") // a scope is there to be closed
  public void request(Sample sample) {
    Span span =
        tracer
            .spanBuilder(sample.method())
            .setSpanKind(SpanKind.SERVER)
            .setAttribute(METHOD, sample.method())
            .setAttribute(URL_FULL, sample.url())
            .startSpan();
    try (Scope scope = span.makeCurrent()) {
      span.setAttribute(ROUTE, sample.route());
      sample.params().forEach(param -> span.setAttribute(param.getKey(), param.getValue()));
      sample.metrics().forEach(metric -> span.setAttribute(metric.getKey(), metric.getValue()));
      if (sample.text() != null) {
        span.setAttribute(TEXT, sample.text());
      }
    }
    Exception error = sample.error();
    if (error != null) {
      // As much as we keep: its class and its message.
      span.setAttribute(ERROR_TYPE, error.getClass().getName());
      span.setStatus(StatusCode.ERROR, String.valueOf(error.getMessage()));
    }
    span.setAttribute(STATUS, (long) sample.status());
    span.end();
  }

  @Override
  public void flush() {
    provider.forceFlush().join(1, TimeUnit.MINUTES);
  }

  @Override
  public Map<String, Object> facts() {
    return Map.of();
  }

  @Override
  public Map<String, Object> finish() {
    flush();
    provider.shutdown().join(1, TimeUnit.MINUTES);
    return Map.of();
  }
}
