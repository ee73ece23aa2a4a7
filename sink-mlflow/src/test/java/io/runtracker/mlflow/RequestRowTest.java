// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.TestEvents.START;
import static io.runtracker.mlflow.TestEvents.request;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.sun.management.ThreadMXBean;
import io.runtracker.Metric;
import io.runtracker.RequestEvent;
import io.runtracker.RequestTarget;
import io.runtracker.internal.event.EventBytes;
import io.runtracker.internal.log.Fields;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.Tuple.Tuple2;
import org.junit.jupiter.api.Test;

class RequestRowTest {

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private static final DateTimeFormatter MILLIS =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSX").withZone(ZoneOffset.UTC);

  private final JsonBytes out = new JsonBytes();
  private final EventFields fields = new EventFields();
  private final RequestRow row = new RequestRow(out, fields);

  private String line(EventBytes event) throws IOException {
    return line(event, false);
  }

  private String line(EventBytes event, boolean isFirst) throws IOException {
    out.clear();
    fields.read(event);
    row.add(event, isFirst);
    return new String(out.array(), 0, out.size(), UTF_8);
  }

  private JsonNode read(EventBytes event) throws IOException {
    return JSON.readTree(line(event));
  }

  private static EventBytes encoded(Fields fields) throws IOException {
    Fields event = new Fields(100);
    EventBytes plain = EventBytes.of(request("/a").build());
    event.raw(plain.array(), 0, 32);
    byte[] further = fields.toBytes();
    byte[] bytes = event.raw(further, 0, further.length).toBytes();
    return new EventBytes(bytes, 0, bytes.length);
  }

  @Test
  void the_first_row_of_a_window_has_all_the_keys() throws IOException {
    RequestEvent event = request("/items/42", "q=1").route("/items/{id}").build();
    assertThat(line(EventBytes.of(event), true))
        .isEqualTo(
            ("{\"start_time\":\"2026-09-21T14:13:20.123Z\",\"method\":\"GET\","
                    + "\"url\":\"http://localhost:8080/items/42?q=1\",\"route\":\"/items/{id}\","
                    + "\"status_code\":200,\"status\":\"FINISHED\",\"duration_ms\":12.345678,"
                    + "\"error_type\":null,\"error_details\":null,\"tags\":{},\"params\":{},"
                    + "\"metrics\":{},\"metric_history\":[],\"texts\":{},\"name\":null,"
                    + "\"event_id\":\"%s\"}")
                .formatted(event.eventId()));
  }

  @Test
  void a_later_row_has_no_keys_of_what_is_empty() throws IOException {
    RequestEvent event = request("/items/42", "q=1").build();
    assertThat(line(EventBytes.of(event)))
        .isEqualTo(
            ("{\"start_time\":\"2026-09-21T14:13:20.123Z\",\"method\":\"GET\","
                    + "\"url\":\"http://localhost:8080/items/42?q=1\",\"status_code\":200,"
                    + "\"status\":\"FINISHED\",\"duration_ms\":12.345678,\"event_id\":\"%s\"}")
                .formatted(event.eventId()));
  }

  @Test
  void a_text_of_no_characters_is_there() throws IOException {
    RequestEvent event = request("/a").route("").name("").error("", "").build();
    JsonNode row = read(EventBytes.of(event));
    for (String column : List.of("route", "name", "error_type", "error_details")) {
      assertThat(row.path(column)).as(column).hasToString("\"\"");
    }
  }

  /** Its handler may have logged anything. */
  @Property(tries = 500)
  void a_line_holds_what_the_event_holds(
      @ForAll("events") RequestEvent event, @ForAll boolean isFirst) throws IOException {
    EventBytes encoded = EventBytes.of(event);
    Map<String, Object> expected = values(encoded.decode());
    if (!isFirst) {
      expected.values().removeIf(RequestRowTest::isEmpty);
    }

    String line = line(encoded, isFirst);

    assertThat(line.lines()).hasSize(1);
    assertThat(line).doesNotContain("\u0000", "\u0085", "\u2028", "\u2029");
    Map<String, Object> row = JSON.readValue(line, new TypeReference<>() {});
    assertThat(row).isEqualTo(expected);
    assertThat(row.keySet())
        .containsExactlyElementsOf(
            RequestRow.COLUMNS.stream().filter(expected::containsKey).toList());
  }

  private static boolean isEmpty(Object value) {
    return value == null || Map.of().equals(value) || List.of().equals(value);
  }

  private static Map<String, Object> values(RequestEvent decoded) {
    Map<String, Object> expected = new LinkedHashMap<>();
    expected.put("method", fit(decoded.method(), 8_000));
    expected.put("url", fit(decoded.target().url(), 8_000));
    expected.put("route", fit(decoded.route(), 8_000));
    expected.put("status_code", decoded.statusCode());
    expected.put("status", decoded.status().name());
    expected.put("error_type", fit(decoded.errorType(), 6_000));
    expected.put("error_details", fit(decoded.errorDetails(), 1 << 20));
    expected.put("tags", fit(decoded.tags(), 8_000));
    expected.put("params", fit(decoded.params(), 6_000));
    expected.put("metric_history", history(decoded.metrics()));
    expected.put("texts", fit(decoded.texts(), 1 << 20));
    expected.put("name", fit(decoded.givenName(), 250));
    expected.put("event_id", fit(decoded.eventId(), 8_000));
    expected.put("metrics", last(decoded.metrics()));
    expected.put("start_time", MILLIS.format(decoded.startTime()));
    expected.put("duration_ms", BigDecimal.valueOf(decoded.durationNanos(), 6).doubleValue());
    return expected;
  }

  private static String fit(String text, int limit) {
    return text == null ? null : Text.fit(text, limit);
  }

  private static Map<String, String> fit(Map<String, String> texts, int limit) {
    Map<String, String> fit = new LinkedHashMap<>();
    texts.forEach((key, value) -> fit.put(fit(key, 8_000), fit(value, limit)));
    return fit;
  }

  private static Map<String, Object> last(List<Metric> metrics) {
    Map<String, Metric> last = new LinkedHashMap<>();
    for (Metric metric : metrics) {
      last.merge(metric.key(), metric, (before, now) -> now.step() < before.step() ? before : now);
    }
    Map<String, Object> values = new LinkedHashMap<>();
    last.forEach((key, metric) -> values.put(fit(key, 8_000), number(metric.value())));
    return values;
  }

  private static List<Object> history(List<Metric> metrics) {
    boolean isSeries =
        metrics.stream().map(Metric::key).distinct().count() < metrics.size()
            || metrics.stream().anyMatch(metric -> metric.step() != 0);
    List<Object> history = new ArrayList<>();
    for (Metric metric : isSeries ? metrics : List.<Metric>of()) {
      history.add(
          List.of(
              fit(metric.key(), 8_000),
              number(metric.value()),
              whole(metric.timestampMillis()),
              whole(metric.step())));
    }
    return history;
  }

  /** As Jackson reads it. */
  private static Object number(double value) {
    return Double.isFinite(value) ? (Object) value : Double.toString(value);
  }

  /** As Jackson reads it. */
  private static Object whole(long value) {
    return value == (int) value ? (Object) (int) value : (Object) value;
  }

  @Provide
  Arbitrary<RequestEvent> events() {
    Arbitrary<RequestEvent.Builder> bare =
        Combinators.combine(
                texts(),
                texts(),
                texts(),
                Arbitraries.of("http", "https", "ws"),
                Arbitraries.of(-1, 0, 80, 443, 8080, 65_535),
                texts().injectNull(0.5),
                Arbitraries.longs(),
                texts())
            .as(
                (method, host, path, scheme, port, query, sequence, source) ->
                    RequestEvent.builder(
                        source,
                        sequence,
                        method,
                        new RequestTarget(scheme, host, port, path, query)));
    return Combinators.combine(
            bare,
            texts().injectNull(0.3).tuple2(),
            texts().injectNull(0.5).tuple2(),
            Arbitraries.integers().between(0, 999),
            Arbitraries.longs().between(0, 4_000_000_000_000L),
            Arbitraries.longs().greaterOrEqual(0),
            pairs().tuple3(),
            metrics())
        .as(
            (event, routeAndName, error, status, start, nanos, logged, metrics) -> {
              event.route(routeAndName.get1()).name(routeAndName.get2());
              event.error(error.get1(), error.get2()).statusCode(status).timing(start, nanos);
              event.killed(start % 10 == 0);
              logged.get1().forEach(tag -> event.tag(tag.get1(), tag.get2()));
              logged.get2().forEach(param -> event.param(param.get1(), param.get2()));
              logged.get3().forEach(text -> event.text(text.get1(), text.get2()));
              metrics.forEach(event::metric);
              return event.build();
            });
  }

  @Provide
  Arbitrary<String> texts() {
    return Arbitraries.frequencyOf(
        Tuple.of(6, Arbitraries.strings().ascii().ofMaxLength(40)),
        Tuple.of(3, Arbitraries.strings().all().ofMaxLength(40)),
        Tuple.of(
            3,
            Arbitraries.of(
                "",
                "\0",
                "\uD83D",
                "\uDCA5\uD83D",
                "💥",
                "\"",
                "\\",
                "a\r\n\tb\u001b\u007f",
                "\u0085\u2028\u2029\uFFFE\uFFFF",
                "ü\u07ff\u0800\ud7ff\ue000",
                "{\"a\":[",
                "日本語")),
        Tuple.of(
            1,
            Arbitraries.of(249, 250, 251, 2_666, 4_000, 5_999, 6_001, 7_970, 8_000, 8_001)
                .flatMap(
                    length -> Arbitraries.of("x", "é", "語", "💥").map(c -> c.repeat(length)))));
  }

  private Arbitrary<List<Tuple2<String, String>>> pairs() {
    Arbitrary<String> keys = Arbitraries.oneOf(Arbitraries.of("a", "b", "\0", "c\""), texts());
    return keys.flatMap(key -> texts().map(text -> Tuple.of(key, text))).list().ofMaxSize(8);
  }

  private Arbitrary<List<Metric>> metrics() {
    return Combinators.combine(
            Arbitraries.oneOf(Arbitraries.of("a", "b"), texts()),
            Arbitraries.oneOf(
                Arbitraries.doubles(),
                Arbitraries.of(
                    Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, -0.0, 1e-310)),
            Arbitraries.longs(),
            Arbitraries.of(0L, 0L, 0L, 1L, -1L, Long.MAX_VALUE))
        .as(Metric::new)
        .list()
        .ofMaxSize(6);
  }

  @Test
  void of_a_metric_the_value_of_the_last_step_counts() throws IOException {
    RequestEvent event =
        request("/train")
            .metric(new Metric("loss", 1, START, 2))
            .metric(new Metric("loss", 3, START, 2))
            .metric(new Metric("loss", 2, START, 1))
            .build();
    assertThat(read(EventBytes.of(event)).path("metrics")).hasToString("{\"loss\":3.0}");
  }

  @Test
  void a_later_text_of_the_same_key_replaces_an_earlier_one() throws IOException {
    Fields twice =
        new Fields(100)
            .field(EventBytes.TAG, "a", "first")
            .field(EventBytes.PARAM, "a", "another kind")
            .field(EventBytes.TAG, "b", "other")
            .field(EventBytes.TAG, "a", "last");
    JsonNode row = read(encoded(twice));
    assertThat(row.path("tags")).hasToString("{\"a\":\"last\",\"b\":\"other\"}");
    assertThat(row.path("params")).hasToString("{\"a\":\"another kind\"}");
  }

  @Test
  void a_handler_may_log_a_great_many_keys() throws IOException {
    Fields many = new Fields(100);
    for (int i = 0; i < 50_000; i++) {
      many.field(EventBytes.TAG, "key" + i, "first");
    }
    for (int i = 0; i < 50_000; i++) {
      many.field(EventBytes.TAG, "key" + i, "v" + i);
    }
    JsonNode tags = read(encoded(many)).path("tags");
    assertThat(tags).hasSize(50_000);
    assertThat(tags.path("key49999").asText()).isEqualTo("v49999");
    assertThat(line(EventBytes.of(request("/next").tag("k", "v").build())))
        .contains("\"tags\":{\"k\":\"v\"}");
  }

  @Test
  void a_field_of_a_later_version_is_passed_over() throws IOException {
    Fields later = new Fields(100).field(19, "user").field(1_000, "x").field(EventBytes.PATH, "/p");
    assertThat(read(encoded(later)).path("url").asText()).endsWith("/p");
  }

  @Test
  void bytes_that_are_no_text_do_not_spoil_the_line() throws IOException {
    Random random = new Random(7);
    for (int i = 0; i < 20_000; i++) {
      byte[] noise = new byte[1 + random.nextInt(12)];
      random.nextBytes(noise);
      if (i % 2 == 0) {
        noise[0] = (byte) (0xC0 + random.nextInt(0x40));
        for (int at = 1; at < noise.length; at++) {
          noise[at] = (byte) (0x80 + random.nextInt(0x40));
        }
      }
      line(encoded(new Fields(20).field(EventBytes.PATH, noise)), true);
      UTF_8.newDecoder().decode(ByteBuffer.wrap(out.array(), 0, out.size()));
      assertThat(JSON.readTree(out.array(), 0, out.size())).hasSize(RequestRow.COLUMNS.size());
    }
  }

  @Test
  void a_port_that_goes_without_saying_is_not_said() throws IOException {
    Fields http = new Fields(20).field(EventBytes.SCHEME, "http").field(EventBytes.PORT, 80);
    Fields https = new Fields(20).field(EventBytes.SCHEME, "https").field(EventBytes.PORT, 443);
    Fields other = new Fields(20).field(EventBytes.SCHEME, "https").field(EventBytes.PORT, 80);
    assertThat(read(encoded(http)).path("url").asText()).isEqualTo("http://");
    assertThat(read(encoded(https)).path("url").asText()).isEqualTo("https://");
    assertThat(read(encoded(other)).path("url").asText()).isEqualTo("https://:80");
  }

  /** Not even before it is compiled, so that nothing hangs on what the compiler does away with. */
  @Test
  void a_plain_request_takes_no_memory() throws IOException {
    EventBytes event = EventBytes.of(request("/items/42", "q=1").route("/items/{id}").build());
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    add(event, 1); // loads classes
    long before = threads.getCurrentThreadAllocatedBytes();
    add(event, 10_000);
    assertThat(threads.getCurrentThreadAllocatedBytes() - before)
        .as("less than a byte for each, and the smallest object has sixteen")
        .isLessThan(10_000);
  }

  private void add(EventBytes event, int times) throws IOException {
    for (int i = 0; i < times; i++) {
      out.clear();
      fields.read(event);
      row.add(event, false);
    }
  }
}
