// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.JsonBytes.ascii;

import io.runtracker.RunStatus;
import io.runtracker.internal.event.EventBytes;
import java.io.IOException;
import java.time.Instant;
import java.util.List;

/**
 * Writes requests as objects of JSON. Their keys are in the same order; those of what is empty are
 * left out, but for the first row of a window, which names all columns to who reads it. Bytes are
 * copied from the event: strings made of them would cost more than all the rest that is done for a
 * request.
 */
final class RequestRow {

  static final List<String> COLUMNS =
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

  /** What stands before each value. */
  static final List<byte[]> BEFORE =
      COLUMNS.stream()
          .map(column -> ascii((column.equals(COLUMNS.get(0)) ? "{\"" : ",\"") + column + "\":"))
          .toList();

  /** What a column holds where there is nothing. */
  static final List<byte[]> EMPTY = COLUMNS.stream().map(column -> ascii(empty(column))).toList();

  /** What a plain request has none of, a bit for each. */
  private static final int SELDOM =
      1 << EventBytes.ERROR_TYPE
          | 1 << EventBytes.ERROR_DETAILS
          | 1 << EventBytes.TAG
          | 1 << EventBytes.PARAM
          | 1 << EventBytes.METRIC
          | 1 << EventBytes.TEXT
          | 1 << EventBytes.NAME;

  private static final byte[] SCHEME_END = ascii("://");
  private static final byte[] HTTPS = ascii("https");
  private static final byte[] FINISHED = ascii("\"FINISHED\"");
  private static final byte[] FAILED = ascii("\"FAILED\"");
  private static final byte[] KILLED = ascii("\"KILLED\"");
  private static final int NANOS_DIGITS = 6;
  private static final long NANOS_IN_MILLI = 1_000_000;
  private static final long MILLIS_IN_DAY = 86_400_000;

  private final JsonBytes out;
  private final EventFields fields;
  private final LoggedCells logged;
  private long day = Long.MIN_VALUE;
  private byte[] date = {};

  /**
   * @param out where to
   */
  RequestRow(JsonBytes out, EventFields fields) {
    this.out = out;
    this.fields = fields;
    this.logged = new LoggedCells(out);
  }

  private static String empty(String column) {
    return switch (column) {
      case "tags", "params", "metrics", "texts" -> "{}";
      case "metric_history" -> "[]";
      default -> "null";
    };
  }

  private static byte[] status(RunStatus status) {
    return switch (status) {
      case FINISHED -> FINISHED;
      case FAILED -> FAILED;
      case KILLED -> KILLED;
    };
  }

  /**
   * Adds the row of an event.
   *
   * @param event that the fields were read of
   * @param isFirst whether it is the first of its window, and has all keys
   */
  void add(EventBytes event, boolean isFirst) throws IOException {
    int column = 0;
    out.add(BEFORE.get(column++));
    time(event.startMillis());
    out.add(BEFORE.get(column++));
    string(EventBytes.METHOD, Text.TAG);
    out.add(BEFORE.get(column++));
    url();
    optional(column++, EventBytes.ROUTE, Text.TAG, isFirst);
    out.add(BEFORE.get(column++)).number(event.statusCode());
    out.add(BEFORE.get(column++)).add(status(event.status()));
    out.add(BEFORE.get(column++));
    millis(event.durationNanos());
    if (isFirst || fields.hasAnyOf(SELDOM)) {
      seldom(event, column, isFirst);
    }
    out.add(BEFORE.get(COLUMNS.size() - 1));
    eventId(event.sequence());
    out.add('}');
  }

  private void seldom(EventBytes event, int from, boolean isFirst) throws IOException {
    int column = from;
    optional(column++, EventBytes.ERROR_TYPE, Text.PARAM, isFirst);
    optional(column++, EventBytes.ERROR_DETAILS, Text.ARTIFACT, isFirst);
    logged.add(event, BEFORE.subList(column, column + LoggedCells.COUNT), isFirst);
    optional(column + LoggedCells.COUNT, EventBytes.NAME, Text.RUN_NAME, isFirst);
  }

  private void optional(int column, int tag, int limit, boolean isFirst) {
    if (fields.has(tag)) {
      out.add(BEFORE.get(column));
      string(tag, limit);
    } else if (isFirst) {
      out.add(BEFORE.get(column)).add(EMPTY.get(column));
    }
  }

  private void string(int tag, int limit) {
    out.string(fields.array(), fields.start(tag), fields.length(tag), limit);
  }

  /** As {@link io.runtracker.RequestTarget#url()}. */
  private void url() throws IOException {
    int port = port();
    int length =
        fields.length(EventBytes.SCHEME)
            + fields.length(EventBytes.HOST)
            + fields.length(EventBytes.PATH)
            + fields.length(EventBytes.QUERY)
            + "://:65535?".length();
    if (length > Text.TAG) {
      out.string(longUrl(port), Text.TAG);
      return;
    }
    out.add('"');
    escaped(EventBytes.SCHEME);
    out.add(SCHEME_END);
    escaped(EventBytes.HOST);
    if (port > 0) {
      out.add(':').number(port);
    }
    escaped(EventBytes.PATH);
    if (fields.has(EventBytes.QUERY)) {
      out.add('?');
      escaped(EventBytes.QUERY);
    }
    out.add('"');
  }

  private String longUrl(int port) {
    return fields.text(EventBytes.SCHEME)
        + "://"
        + fields.text(EventBytes.HOST)
        + (port > 0 ? ":" + port : "")
        + fields.text(EventBytes.PATH)
        + (fields.has(EventBytes.QUERY) ? "?" + fields.text(EventBytes.QUERY) : "");
  }

  private void escaped(int tag) {
    out.escaped(fields.array(), fields.start(tag), fields.length(tag));
  }

  /** The port, or 0 when it goes without saying. */
  private int port() throws IOException {
    if (!fields.has(EventBytes.PORT)) {
      return 0;
    }
    int port = (int) fields.number(EventBytes.PORT);
    int usual = fields.is(EventBytes.SCHEME, HTTPS) ? 443 : 80;
    return port == usual ? 0 : port;
  }

  /**
   * In UTC and always with three digits of the second: pandas takes the form of the first row for
   * that of all. Requests of one day share its date.
   */
  private void time(long epochMillis) {
    long itsDay = Math.floorDiv(epochMillis, MILLIS_IN_DAY);
    if (itsDay != day) {
      String midnight = Instant.ofEpochMilli(itsDay * MILLIS_IN_DAY).toString();
      date = ascii('"' + midnight.substring(0, midnight.indexOf('T') + 1));
      day = itsDay;
    }
    long millis = Math.floorMod(epochMillis, MILLIS_IN_DAY);
    out.add(date).digits(millis / 3_600_000, 2);
    out.add(':').digits(millis / 60_000 % 60, 2);
    out.add(':').digits(millis / 1_000 % 60, 2);
    out.add('.').digits(millis % 1_000, 3).add('Z').add('"');
  }

  /** As exact as the clock, and put together without the search for the shortest decimal. */
  private void millis(long nanos) {
    if (nanos < 0) {
      out.add(ascii(Double.toString(nanos / 1e6)));
    } else {
      out.number(nanos / NANOS_IN_MILLI).add('.').digits(nanos % NANOS_IN_MILLI, NANOS_DIGITS);
    }
  }

  /** As {@link io.runtracker.RequestEvent#eventId()}. */
  private void eventId(long sequence) {
    int length = fields.length(EventBytes.SOURCE) + "--9223372036854775808".length();
    if (length > Text.TAG) {
      out.string(fields.text(EventBytes.SOURCE) + '-' + sequence, Text.TAG);
      return;
    }
    out.add('"');
    escaped(EventBytes.SOURCE);
    out.add('-').number(sequence).add('"');
  }
}
