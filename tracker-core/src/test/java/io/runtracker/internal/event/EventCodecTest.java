// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runtracker.Encoded;
import io.runtracker.Metric;
import io.runtracker.RequestEvent;
import io.runtracker.RequestTarget;
import io.runtracker.Requests;
import io.runtracker.RunStatus;
import io.runtracker.internal.log.Fields;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventCodecTest {

  private static RecordedEvent.Builder full(String text) {
    return RecordedEvent.builder()
        .of("source", 7, "PATCH", new RequestTarget("https", "h", 8443, "/" + text, text))
        .route("/{x}")
        .name(text)
        .statusCode(599)
        .timing(1_700_000_000_123L, 456_789)
        .error("java.lang.Error", text)
        .tag("t", text)
        .tag("", "")
        .param("p", text)
        .text("f.txt", text)
        .metric(new Metric("m", Double.NaN, -1, Long.MIN_VALUE))
        .metric(new Metric("m", Double.NEGATIVE_INFINITY, Long.MAX_VALUE, 3));
  }

  private static void assertSame(RequestEvent read, RequestEvent written) {
    assertThat(read)
        .usingRecursiveComparison()
        .ignoringFields("entries")
        .withEqualsForType((a, b) -> Double.compare(a, b) == 0, Double.class)
        .isEqualTo(written);
    assertThat(read.tags()).containsExactlyEntriesOf(written.tags());
    assertThat(read.params()).containsExactlyEntriesOf(written.params());
    assertThat(read.texts()).containsExactlyEntriesOf(written.texts());
    assertThat(read.metrics()).isEqualTo(written.metrics());
  }

  @Test
  void an_event_comes_back_whole() throws IOException {
    RequestEvent event = full("plain").build();
    assertSame(Encoded.of(event).decode(), event);
  }

  @Test
  void events_of_many_routes_written_one_after_another_keep_their_own_texts() throws IOException {
    EventCodec codec = new EventCodec(Long.MAX_VALUE);
    for (int i = 0; i < 5_000; i++) {
      int some = i * 7919 % 1_000;
      RequestTarget target = new RequestTarget("http", "h" + some, 80, "/" + i, null);
      RequestEvent event =
          RequestEvent.builder("source", i, "METHOD" + some, target).route("/r" + some).build();
      Fields out = new Fields(64);
      codec.encode(RecordedEvent.of(event), out);
      assertSame(new EventBytes(out.toBytes(), 0, out.size()).decode(), event);
    }
  }

  @Test
  void absent_parts_stay_absent() throws IOException {
    RequestEvent event = Requests.event(1);
    assertSame(Encoded.of(event).decode(), event);
  }

  @Property(tries = 300)
  void any_text_comes_back(@ForAll @Size(max = 200) char[] characters) throws IOException {
    String text = new String(characters);
    RequestEvent read = Encoded.of(full(text).build()).decode();
    assertThat(read.tags().get("t")).isEqualTo(withoutLoneSurrogates(text));
  }

  private static String withoutLoneSurrogates(String text) {
    StringBuilder clean = new StringBuilder();
    text.codePoints().forEach(c -> clean.appendCodePoint(c >= 0xD800 && c <= 0xDFFF ? 0xFFFD : c));
    return clean.toString();
  }

  @Property(tries = 1000)
  void no_bytes_make_it_fail_in_any_other_way(@ForAll byte[] noise) {
    byte[] head = Encoded.of(full("x").build()).toBytes();
    byte[] bytes = Arrays.copyOf(head, head.length + noise.length);
    System.arraycopy(noise, 0, bytes, head.length, noise.length);
    for (int i = EventBytes.HEADER;
        i < bytes.length && noise.length > 0;
        i += 1 + (noise[0] & 31)) {
      bytes[i] ^= noise[i % noise.length];
    }
    try {
      new EventBytes(bytes, 0, bytes.length).decode();
    } catch (IOException expected) {
      assertThat(expected).isNotNull();
    }
  }

  @Test
  void a_killed_request_stays_killed() throws IOException {
    RequestEvent event = full("plain").statusCode(0).killed(true).build();
    RequestEvent read = Encoded.of(event).decode();
    assertSame(read, event);
    assertThat(read.status()).isEqualTo(RunStatus.KILLED);
  }

  @Test
  void a_later_version_is_named() {
    byte[] bytes = Encoded.of(Requests.event(1)).toBytes();
    bytes[0] = 9;
    assertThatThrownBy(() -> new EventBytes(bytes, 0, bytes.length))
        .hasMessageContaining("version 9");
    assertThatThrownBy(() -> new EventBytes(bytes, 0, 1)).hasMessageContaining("version 9");
  }

  @Test
  void a_field_of_a_later_version_is_skipped_and_stays_in_the_bytes() throws IOException {
    RequestEvent event = full("plain").build();
    byte[] known = Encoded.of(event).toBytes();
    byte[] bytes = new Fields(64).raw(known, 0, known.length).field(99, "from tomorrow").toBytes();
    EventBytes read = new EventBytes(bytes, 0, bytes.length);
    assertSame(read.decode(), event);
    assertThat(read.toBytes()).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 80, 443, 65535})
  void every_port_comes_back(int port) throws IOException {
    RequestTarget target = new RequestTarget("http", "h", port, "/", null);
    RequestEvent event = RequestEvent.builder("s", 1, "GET", target).build();
    assertThat(Encoded.of(event).decode().target()).isEqualTo(target);
  }

  @Test
  void the_last_value_of_a_key_wins_and_the_order_is_that_of_the_first() throws IOException {
    RequestEvent event =
        RequestEvent.builder("s", 1, "GET", Requests.target("/"))
            .tag("a", "1")
            .tag("b", "2")
            .tag("a", "3")
            .build();
    assertThat(Encoded.of(event).decode().tags())
        .containsExactlyEntriesOf(new TreeMap<>(Map.of("a", "3", "b", "2")));
  }

  @Test
  void a_text_that_is_too_long_is_cut_with_a_mark() throws IOException {
    String text = "x".repeat(3 * EventCodec.LONGEST_TEXT);
    RequestEvent event = full("plain").text("long.txt", text).error("E", text).build();
    RequestEvent read = Encoded.of(event).decode();
    assertThat(read.texts().get("long.txt"))
        .hasSize(EventCodec.LONGEST_TEXT)
        .endsWith("[cut from " + text.length() + " characters]");
    assertThat(read.errorDetails()).hasSize(EventCodec.LONGEST_TEXT);
    assertThat(read.texts().get("f.txt")).isEqualTo("plain");
  }

  @Test
  void an_event_is_never_larger_than_a_record_whatever_is_long_in_it() throws IOException {
    String text = "\u20ac".repeat(3 * EventCodec.LONGEST_TEXT);
    RequestEvent event =
        RequestEvent.builder("s", 1, text, new RequestTarget("http", text, 80, text, text))
            .route(text)
            .name(text)
            .error(text, text)
            .tag(text, text)
            .metric(new Metric(text, 1, 1, 1))
            .build();
    EventBytes encoded = Encoded.of(event);
    assertThat(encoded.length()).isLessThan(16 << 20);
    assertThat(encoded.decode().target().path()).hasSize(EventCodec.LONGEST_PART);
  }

  @Test
  void what_makes_an_event_too_large_is_left_out_and_a_tag_says_so() throws IOException {
    RequestEvent.Builder event = full("plain");
    for (int i = 0; i < 50; i++) {
      event.text("long-" + i, "x".repeat(EventCodec.LONGEST_TEXT));
    }
    EventBytes encoded = Encoded.of(event.build());
    assertThat(encoded.length()).isLessThan(EventCodec.MOST_BYTES + 100);
    assertThat(encoded.decode().tags()).containsEntry("runtracker.incomplete", "size");
    assertThat(encoded.decode().tags()).containsEntry("t", "plain");
  }

  @Test
  void what_decides_about_an_event_is_read_without_decoding_it() {
    RequestEvent plain = Requests.event(3);
    EventBytes encoded = Encoded.of(plain);
    assertThat(encoded.isPlain()).isTrue();
    assertThat(encoded.status()).isEqualTo(RunStatus.FINISHED);
    assertThat(encoded.statusCode()).isEqualTo(200);
    assertThat(encoded.sequence()).isEqualTo(3);
    RequestEvent.Builder failed = RequestEvent.builder("s", 1, "GET", Requests.target("/"));
    assertThat(Encoded.of(failed.statusCode(500).build()).isPlain()).isFalse();
    RequestEvent.Builder slow = RequestEvent.builder("s", 1, "GET", Requests.target("/"));
    EventBytes slowEvent = Encoded.of(slow.timing(5_000, 1_000_000_000L).build());
    assertThat(slowEvent.isPlain()).isFalse();
    assertThat(slowEvent.endMillis()).isEqualTo(6_000);
  }

  @Test
  void whether_its_handler_logged_anything_comes_back() throws IOException {
    RecordedEvent event = full("plain").ownData(true).build();
    assertThat(Encoded.of(event).hasOwnData()).isTrue();
    RecordedEvent other = full("plain").build();
    assertThat(Encoded.of(other).hasOwnData()).isFalse();
  }
}
