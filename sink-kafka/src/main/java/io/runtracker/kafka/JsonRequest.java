// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.runtracker.Metric;
import io.runtracker.RequestEvent;
import io.runtracker.RequestTarget;
import io.runtracker.internal.event.EventBytes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes a request as an object of JSON. Its keys are those of a row of a window
 * (docs/reading-runs.md), so that who knows the one knows the other; what a row leaves out has keys
 * beside them. {@link JsonRequestReader} is the way back, and docs/kafka.md describes both.
 */
final class JsonRequest {

  /** Raised only by a change that makes nonsense of a request to whoever does not know it. */
  static final int VERSION = 1;

  /** Always with milliseconds, because some programs take the form of the first for that of all. */
  private static final DateTimeFormatter TIME =
      new DateTimeFormatterBuilder().appendInstant(3).toFormatter();

  /** Of a duration in milliseconds, so that none is rounded. */
  static final int NANOS_DIGITS = 6;

  private static final JsonFactory FACTORY = new JsonFactory();

  private JsonRequest() {}

  /** What is empty is left out. */
  static byte[] write(EventBytes event) throws IOException {
    RequestEvent request = event.decode();
    ByteArrayOutputStream out = new ByteArrayOutputStream(512);
    try (JsonGenerator json = FACTORY.createGenerator(out)) {
      json.writeStartObject();
      json.writeNumberField("version", VERSION);
      json.writeStringField("start_time", TIME.format(request.startTime()));
      json.writeStringField("method", request.method());
      json.writeStringField("url", request.target().url());
      text(json, "route", request.route());
      json.writeNumberField("status_code", request.statusCode());
      json.writeStringField("status", request.status().name());
      json.writeNumberField(
          "duration_ms", BigDecimal.valueOf(request.durationNanos(), NANOS_DIGITS));
      text(json, "error_type", request.errorType());
      text(json, "error_details", request.errorDetails());
      texts(json, "tags", request.tags());
      texts(json, "params", request.params());
      metrics(json, request.metrics());
      texts(json, "texts", request.texts());
      text(json, "name", request.givenName());
      json.writeStringField("event_id", request.eventId());
      target(json, request.target());
      flag(json, "slow", event.isSlow());
      flag(json, "own_data", event.hasOwnData());
      json.writeEndObject();
    }
    return out.toByteArray();
  }

  private static void text(JsonGenerator json, String key, @Nullable String text)
      throws IOException {
    if (text != null) {
      json.writeStringField(key, text);
    }
  }

  private static void flag(JsonGenerator json, String key, boolean isSet) throws IOException {
    if (isSet) {
      json.writeBooleanField(key, true);
    }
  }

  private static void texts(JsonGenerator json, String key, Map<String, String> texts)
      throws IOException {
    if (!texts.isEmpty()) {
      json.writeObjectFieldStart(key);
      for (Map.Entry<String, String> text : texts.entrySet()) {
        json.writeStringField(text.getKey(), text.getValue());
      }
      json.writeEndObject();
    }
  }

  /** The last value of each for who wants to read them, and all for who wants to write them. */
  private static void metrics(JsonGenerator json, List<Metric> metrics) throws IOException {
    if (metrics.isEmpty()) {
      return;
    }
    Map<String, Metric> last = new LinkedHashMap<>();
    for (Metric metric : metrics) {
      last.merge(metric.key(), metric, (one, other) -> one.step() <= other.step() ? other : one);
    }
    json.writeObjectFieldStart("metrics");
    for (Metric metric : last.values()) {
      json.writeNumberField(metric.key(), metric.value());
    }
    json.writeEndObject();
    json.writeArrayFieldStart("metric_history");
    for (Metric metric : metrics) {
      json.writeStartArray();
      json.writeString(metric.key());
      json.writeNumber(metric.value());
      json.writeNumber(metric.timestampMillis());
      json.writeNumber(metric.step());
      json.writeEndArray();
    }
    json.writeEndArray();
  }

  private static void target(JsonGenerator json, RequestTarget target) throws IOException {
    json.writeStringField("scheme", target.scheme());
    json.writeStringField("host", target.host());
    json.writeNumberField("port", target.port());
    json.writeStringField("path", target.path());
    text(json, "query", target.query());
  }
}
