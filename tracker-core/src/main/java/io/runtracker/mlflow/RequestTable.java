// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static java.util.stream.Collectors.joining;

import io.runtracker.Metric;
import io.runtracker.RequestEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest.BodyPublisher;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mlflow_project.google.gson.stream.JsonWriter;

/**
 * Writes requests as a table that MLflow's page opens and {@code mlflow.load_table} reads: one row
 * a request. What a handler logged is JSON in a cell, because handlers log what they like and a
 * table has one set of columns.
 */
final class RequestTable {

  static final String FILE = "requests.json";

  /** By this tag MLflow knows that a run has a table; its spaces matter. */
  static final String LOGGED_ARTIFACTS = "mlflow.loggedArtifacts";

  static final String AS_LOGGED = "[{\"path\": \"" + FILE + "\", \"type\": \"table\"}]";

  static final String NONE_LOGGED = "[]";

  private static final List<String> COLUMNS =
      List.of(
          "start_time",
          "method",
          "url",
          "route",
          "status_code",
          "status",
          "duration_ms",
          "error_type",
          "error_details",
          "tags",
          "params",
          "metrics",
          "metric_history",
          "texts",
          "name",
          "event_id");

  private static final String BEGIN =
      COLUMNS.stream().collect(joining("\",\"", "{\"columns\":[\"", "\"],\"data\":["));

  private static final String END = "]}";

  private final TextBody body;
  private final StringBuilder number = new StringBuilder();
  private JsonWriter json;
  private String before = BEGIN;
  private long second = Long.MIN_VALUE;
  private String upToSecond = "";
  private boolean ended;

  /**
   * @param body empty, and the table's alone
   */
  RequestTable(TextBody body) {
    this.body = body;
    this.json = newJson();
  }

  /** Writes a row after another, each a text of JSON by itself. */
  private JsonWriter newJson() {
    JsonWriter rows = new JsonWriter(body);
    rows.setLenient(true);
    return rows;
  }

  /** Adds the row of a request, the whole of it or, when it throws, nothing. */
  void add(RequestEvent event) {
    boolean isWhole = false;
    body.mark();
    try {
      body.write(before);
      row(event);
      before = ",";
      isWhole = true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      if (!isWhole) {
        body.reset();
        json = newJson();
      }
    }
  }

  /**
   * The table as the body of a call, which may be had more than once; to be called when all rows
   * are in it. The same requests make the same bytes.
   */
  BodyPublisher body() {
    if (!ended) {
      body.write(END);
      ended = true;
    }
    return body.publisher();
  }

  private void row(RequestEvent event) throws IOException {
    json.beginArray();
    json.value(time(event.startTime().toEpochMilli()));
    text(event.method(), Text.TAG);
    text(event.target().url(), Text.TAG);
    text(event.route(), Text.TAG);
    json.value(event.statusCode());
    json.value(event.status().name());
    json.jsonValue(millis(event.durationNanos()));
    text(event.errorType(), Text.PARAM);
    text(event.errorDetails(), Text.ARTIFACT);
    object(event.tags(), Text.TAG);
    object(event.params(), Text.PARAM);
    metrics(event.metrics());
    object(event.texts(), Text.ARTIFACT);
    text(event.givenName(), Text.RUN_NAME);
    text(event.eventId(), Text.TAG);
    json.endArray();
  }

  /**
   * In UTC and always with three digits of the second: pandas takes the form of the first row for
   * that of all. Requests of one second share most of it.
   */
  private String time(long millis) {
    long wholeSecond = Math.floorDiv(millis, 1000L);
    if (wholeSecond != second) {
      String instant = Instant.ofEpochSecond(wholeSecond).toString();
      upToSecond = instant.substring(0, instant.length() - 1) + '.';
      second = wholeSecond;
    }
    long fraction = Math.floorMod(millis, 1000L);
    return upToSecond + (fraction < 10 ? "00" : fraction < 100 ? "0" : "") + fraction + 'Z';
  }

  /** As exact as the clock, and put together without the search for the shortest decimal. */
  private String millis(long nanos) {
    if (nanos < 0) {
      return Double.toString(nanos / 1e6);
    }
    number.setLength(0);
    number.append(nanos / 1_000_000).append('.');
    long fraction = nanos % 1_000_000;
    for (long digit = 100_000; digit > 1 && fraction < digit; digit /= 10) {
      number.append('0');
    }
    return number.append(fraction).toString();
  }

  private void text(@Nullable String value, int limit) throws IOException {
    if (value == null) {
      json.nullValue();
    } else {
      json.value(Text.fit(value, limit));
    }
  }

  private void object(Map<String, String> texts, int limit) throws IOException {
    json.beginObject();
    for (Map.Entry<String, String> text : texts.entrySet()) {
      json.name(Text.fit(text.getKey(), Text.TAG)).value(Text.fit(text.getValue(), limit));
    }
    json.endObject();
  }

  /** The last value of each, and all with their steps where that is not the whole story. */
  private void metrics(List<Metric> metrics) throws IOException {
    if (metrics.isEmpty()) {
      json.beginObject().endObject().beginArray().endArray();
      return;
    }
    Map<String, Metric> last = new LinkedHashMap<>();
    boolean isSeries = false;
    for (Metric metric : metrics) {
      Metric before = last.put(metric.key(), metric);
      isSeries |= before != null || metric.step() != 0;
      if (before != null && before.step() > metric.step()) {
        last.put(metric.key(), before);
      }
    }
    json.beginObject();
    for (Metric metric : last.values()) {
      number(json.name(Text.fit(metric.key(), Text.TAG)), metric.value());
    }
    json.endObject();
    json.beginArray();
    for (Metric metric : isSeries ? metrics : List.<Metric>of()) {
      json.beginArray().value(Text.fit(metric.key(), Text.TAG));
      number(json, metric.value());
      json.value(metric.timestampMillis()).value(metric.step()).endArray();
    }
    json.endArray();
  }

  /** JSON has no NaN and no infinities; MLflow's own JSON has these words for them. */
  private static void number(JsonWriter json, double value) throws IOException {
    if (Double.isFinite(value)) {
      json.value(value);
    } else {
      json.value(Double.toString(value));
    }
  }
}
