// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runtracker.Metric;
import io.runtracker.RequestEvent;
import io.runtracker.RequestTarget;
import io.runtracker.RunStatus;
import io.runtracker.internal.event.EventBytes;
import io.runtracker.internal.event.RecordedEvent;
import io.runtracker.sink.EncodedEvent;
import java.io.IOException;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonRequestTest {

  private static final String LEAST =
      """
      {"version":1,"event_id":"s-1","start_time":"2026-01-02T03:04:05Z","duration_ms":2.5,
       "method":"GET","scheme":"https","host":"h","path":"/","status_code":200}""";

  /** So nothing is lost: what decides about a request is in its bytes, too. */
  private static void comesBack(EncodedEvent event) throws IOException {
    byte[] json = KafkaFormat.JSON.valueOf(event);
    assertThat(KafkaFormat.of(json)).isEqualTo(KafkaFormat.JSON);
    assertThat(KafkaFormat.read(json).toBytes()).isEqualTo(event.toBytes());
  }

  private static RequestEvent read(String json) throws IOException {
    return KafkaFormat.read(json.getBytes(UTF_8)).decode();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_request_comes_back_to_the_byte(boolean isSlow) throws IOException {
    comesBack(Events.bytes(Events.plain(), isSlow));
    comesBack(Events.bytes(Events.killed(), isSlow));
    comesBack(Events.bytes(Events.full("text").build(), isSlow));
    comesBack(Events.bytes(Events.full("text").ownData(false).build(), isSlow));
  }

  @Property(tries = 300)
  void any_text_comes_back(@ForAll @Size(max = 200) char[] characters) throws IOException {
    comesBack(Events.bytes(Events.full(new String(characters)).build(), false));
  }

  @Property(tries = 300)
  void any_number_comes_back(
      @ForAll long some,
      @ForAll long other,
      @ForAll double value,
      @ForAll int port,
      @ForAll @IntRange(max = 0xFFFF) int statusCode)
      throws IOException {
    RecordedEvent event =
        RecordedEvent.builder()
            .of("s", some, "GET", new RequestTarget("http", "h", port, "/", null))
            .statusCode(statusCode)
            .timing(other, some)
            .metric(new Metric("m", value, some, other))
            .build();
    comesBack(Events.bytes(event, true));
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, -1, 0, 999_999, 1_000_000, Long.MAX_VALUE - 1})
  void any_duration_comes_back(long nanos) throws IOException {
    comesBack(Events.bytes(Events.full("x").timing(0, nanos).build(), false));
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 80, 443, 65535})
  void every_port_comes_back(int port) throws IOException {
    RequestTarget target = new RequestTarget("http", "h", port, "/", null);
    comesBack(EncodedEvent.of(RequestEvent.builder("s", 1, "GET", target).build()));
  }

  @Test
  void a_handlers_longest_keys_and_texts_come_back() throws IOException {
    String key = "k".repeat(64 << 10);
    RecordedEvent event =
        Events.full("x").tag(key, "v").text("long.txt", "\u0001".repeat(1 << 20)).build();
    comesBack(Events.bytes(event, false));
  }

  @Test
  void whatever_order_the_keys_have_and_however_absence_is_written_it_is_the_same_request()
      throws IOException {
    RequestEvent event =
        read(
            """
            { "unknown" : [{"path":"/none"}], "path" : "/p", "tags" : {"b":"1","a":"2","b":"3"},
              "status" : "KILLED", "method" : "GET", "host" : "h", "scheme" : "https",
              "duration_ms" : 2.5000004, "start_time" : "2026-01-02T04:04:05+01:00", "version" : 1,
              "route" : null, "texts" : null, "status_code" : 0, "event_id" : "a-b-1" }
            """);
    assertThat(event.eventId()).isEqualTo("a-b-1");
    assertThat(event.target()).isEqualTo(new RequestTarget("https", "h", 443, "/p", null));
    assertThat(event.startTime()).isEqualTo("2026-01-02T03:04:05Z");
    assertThat(event.durationNanos()).isEqualTo(2_500_000);
    assertThat(event.tags()).hasToString("{b=3, a=2}");
    assertThat(event.route()).isNull();
    assertThat(event.status()).isEqualTo(RunStatus.KILLED);
  }

  @Test
  void the_least_that_a_request_has_is_enough() throws IOException {
    assertThat(read(LEAST).target().url()).isEqualTo("https://h/");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"version\":1      | \"version\":2        | unknown version 2",
        "\"version\":1      | \"v\":1              | no version",
        "\"version\":1      | \"version\":\"1\"    | not numeric",
        "\"method\"         | \"verb\"             | no method",
        "\"s-1\"            | \"s-01\"             | event_id: must end in a hyphen and a number",
        "\"s-1\"            | \"s1\"               | event_id: must end in a hyphen and a number",
        "\"s-1\"            | \"s-99999999999999999999\" | 99999999999999999999",
        "2026-01-02T03      | 2026-01-02 03        | could not be parsed",
        "2.5                | 1e999999999          | duration_ms: is",
        "2.5                | 1e-999999999         | duration_ms: is",
        "2.5                | 1e20                 | no request",
        "200                | 65536                | status_code: is 65536",
        "\"path\":\"/\"     | \"path\":7           | path: must be VALUE_STRING",
        "\"path\"           | \"tags\":[],\"path\" | tags: must be START_OBJECT",
        "\"path\"           | \"tags\":{\"a\":1},\"path\" | a: must be VALUE_STRING",
        "\"path\"           | \"metric_history\":[[\"m\",1,2]],\"path\" | not numeric",
        "\"path\"           | \"slow\":1,\"path\"  | not of boolean type",
        "200}               | 200                  | end-of-input",
        "200}               | 200}{}               | more than one object",
        "\"GET\"            | GET                  | Unrecognized token"
      })
  void what_is_no_request_is_refused_with_the_reason(String part, String instead, String reason) {
    String json = LEAST.replace(part, instead);
    assertThat(json).isNotEqualTo(LEAST);
    assertThatThrownBy(() -> read(json))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(reason);
  }

  @Test
  void a_reason_is_short_however_long_what_is_wrong_may_be() {
    String json = LEAST.replace("s-1", "s-" + "9".repeat(1 << 20));
    assertThatThrownBy(() -> read(json))
        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(1_000));
  }

  @Property(tries = 1000)
  void no_bytes_make_it_fail_in_any_other_way(@ForAll @Size(min = 1) byte[] noise)
      throws IOException {
    EventBytes event = Events.bytes(Events.full("x").build(), false);
    byte[] json = KafkaFormat.JSON.valueOf(event);
    byte[] bytes = Arrays.copyOf(json, json.length + (noise[0] & 1));
    for (int i = 1; i < bytes.length; i += 1 + (noise[0] & 255)) {
      bytes[i] ^= noise[i % noise.length];
    }
    try {
      KafkaFormat.read(bytes).decode();
    } catch (IOException expected) {
      assertThat(expected).isNotNull();
    }
  }

  @Test
  void the_first_byte_tells_the_format() {
    assertThat(KafkaFormat.of("{".getBytes(UTF_8))).isEqualTo(KafkaFormat.JSON);
    assertThat(KafkaFormat.of(Events.bytes(Events.plain(), false).toBytes()))
        .isEqualTo(KafkaFormat.BYTES);
    assertThat(KafkaFormat.of(new byte[0])).isEqualTo(KafkaFormat.BYTES);
    assertThatThrownBy(() -> read(" {}")).isInstanceOf(IOException.class);
  }
}
