// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import io.runtracker.Metric;
import io.runtracker.RequestTarget;
import io.runtracker.RunStatus;
import io.runtracker.internal.event.EventBytes;
import io.runtracker.internal.event.EventCodec;
import io.runtracker.internal.event.RecordedEvent;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads what {@link JsonRequest} has written, or others in its place: keys come in any order, and
 * some of them from later versions. A service does not need it, and may have a Jackson that is too
 * old for it.
 */
final class JsonRequestReader {

  /** Without one of these it is no request. */
  private static final Set<String> ALWAYS_THERE =
      Set.of(
          "version",
          "event_id",
          "start_time",
          "duration_ms",
          "method",
          "scheme",
          "host",
          "path",
          "status_code");

  /** No number of nanoseconds needs more, and as many as a number may ask for take the heap. */
  private static final int MOST_DIGITS = 30;

  /** It may quote what is wrong. */
  private static final int LONGEST_REASON = 500;

  private static final int LARGEST_STATUS_CODE = 0xFFFF;

  /** A number may be negative, and a source may have hyphens. */
  private static final Pattern EVENT_ID = Pattern.compile("(?s)(.*?)-(0|-?[1-9]\\d*)");

  /** Names are as long and as many as handlers like: none is too long, and none is remembered. */
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNameLength(Integer.MAX_VALUE)
                  .maxStringLength(Integer.MAX_VALUE)
                  .build())
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .build();

  private final JsonParser in;
  private final Set<String> missing = new HashSet<>(ALWAYS_THERE);
  private final RecordedEvent.Builder event = RecordedEvent.builder();
  private String eventId = "";
  private String method = "";
  private String scheme = "";
  private String host = "";
  private @Nullable Integer port;
  private String path = "";
  private @Nullable String query;
  private long startMillis;
  private long durationNanos;
  private @Nullable String errorType;
  private @Nullable String errorDetails;
  private boolean isSlow;

  private JsonRequestReader(JsonParser in) {
    this.in = in;
  }

  /**
   * Reads what {@link JsonRequest} has written, in this version or in another.
   *
   * @throws IOException when it is anything else
   */
  static EventBytes read(byte[] value) throws IOException {
    try (JsonParser in = FACTORY.createParser(value)) {
      return new JsonRequestReader(in).all();
    } catch (IOException | RuntimeException e) {
      String message =
          e instanceof JsonProcessingException json ? json.getOriginalMessage() : e.getMessage();
      String reason = EventCodec.cut(String.valueOf(message), LONGEST_REASON);
      throw new IOException("JSON that is no request: " + reason, e);
    }
  }

  private EventBytes all() throws IOException {
    in.nextToken();
    while (in.nextToken() != JsonToken.END_OBJECT) {
      String key = in.currentName();
      if (in.nextToken() != JsonToken.VALUE_NULL) { // as some write what is not there
        missing.remove(key);
        value(key);
      }
    }
    if (in.nextToken() != null) {
      throw new IOException("more than one object");
    }
    if (!missing.isEmpty()) {
      throw new IOException("no " + String.join(", no ", missing));
    }
    Matcher id = EVENT_ID.matcher(eventId);
    if (!id.matches()) {
      throw new IOException("event_id: must end in a hyphen and a number, but is " + eventId);
    }
    int known = port == null ? RequestTarget.defaultPort(scheme) : port;
    RequestTarget target = new RequestTarget(scheme, host, known, path, query);
    event.of(id.group(1), Long.parseLong(id.group(2)), method, target);
    event.timing(startMillis, durationNanos).error(errorType, errorDetails);
    return EventBytes.of(event.build(), isSlow);
  }

  private void value(String key) throws IOException {
    switch (key) {
      case "version" -> version();
      case "event_id" -> eventId = text();
      case "start_time" -> startMillis = Instant.parse(text()).toEpochMilli();
      case "duration_ms" -> durationNanos = nanos();
      case "method" -> method = text();
      case "scheme" -> scheme = text();
      case "host" -> host = text();
      case "port" -> port = in.getIntValue();
      case "path" -> path = text();
      case "query" -> query = text();
      case "route" -> event.route(text());
      case "name" -> event.name(text());
      case "status_code" -> event.statusCode(statusCode());
      case "status" -> event.killed(text().equals(RunStatus.KILLED.name()));
      case "error_type" -> errorType = text();
      case "error_details" -> errorDetails = text();
      case "tags" -> texts(event::tag);
      case "params" -> texts(event::param);
      case "texts" -> texts(event::text);
      case "metric_history" -> metrics();
      case "slow" -> isSlow = in.getBooleanValue();
      case "own_data" -> event.ownData(in.getBooleanValue());
      default -> in.skipChildren(); // for people, or of a later version
    }
  }

  private void version() throws IOException {
    int version = in.getIntValue();
    if (version != JsonRequest.VERSION) {
      throw new IOException("a request of the unknown version " + version);
    }
  }

  private int statusCode() throws IOException {
    int code = in.getIntValue();
    if (code < 0 || code > LARGEST_STATUS_CODE) {
      throw new IOException("status_code: is " + code);
    }
    return code;
  }

  private long nanos() throws IOException {
    BigDecimal millis = in.getDecimalValue();
    if (Math.abs(millis.scale()) > MOST_DIGITS) {
      throw new IOException("duration_ms: is " + millis);
    }
    return millis
        .movePointRight(JsonRequest.NANOS_DIGITS)
        .setScale(0, RoundingMode.HALF_EVEN)
        .longValueExact();
  }

  private String text() throws IOException {
    expect(JsonToken.VALUE_STRING);
    return in.getText();
  }

  private void expect(JsonToken expected) throws IOException {
    if (in.currentToken() != expected) {
      throw new IOException(
          in.currentName() + ": must be " + expected + ", but is " + in.currentToken());
    }
  }

  private interface Texts {
    void add(String key, String text);
  }

  private void texts(Texts to) throws IOException {
    expect(JsonToken.START_OBJECT);
    while (in.nextToken() != JsonToken.END_OBJECT) {
      String key = in.currentName();
      in.nextToken();
      to.add(key, text());
    }
  }

  private void metrics() throws IOException {
    expect(JsonToken.START_ARRAY);
    while (in.nextToken() != JsonToken.END_ARRAY) {
      expect(JsonToken.START_ARRAY);
      in.nextToken();
      String key = text();
      in.nextToken();
      double value = number();
      in.nextToken();
      long timestampMillis = in.getLongValue();
      in.nextToken();
      event.metric(new Metric(key, value, timestampMillis, in.getLongValue()));
      while (in.nextToken() != JsonToken.END_ARRAY) {
        in.skipChildren(); // of a later version
      }
    }
  }

  /** JSON has no NaN and no infinities, so they are texts. */
  private double number() throws IOException {
    return in.currentToken() == JsonToken.VALUE_STRING
        ? Double.parseDouble(in.getText())
        : in.getDoubleValue();
  }
}
