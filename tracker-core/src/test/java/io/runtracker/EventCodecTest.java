// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Base64;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class EventCodecTest {

  private static RequestEvent.Builder full(String text) {
    return RequestEvent.builder(
            "source", 7, "PATCH", new RequestTarget("https", "h", 8443, "/" + text, text))
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
        .ignoringFields("notes")
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
    assertSame(EventCodec.decode(EventCodec.encode(event)), event);
  }

  @Test
  void absent_parts_stay_absent() throws IOException {
    RequestEvent event = Requests.event(1);
    assertSame(EventCodec.decode(EventCodec.encode(event)), event);
  }

  @Property(tries = 300)
  void any_text_comes_back(@ForAll @Size(max = 200) char[] characters) throws IOException {
    String text = new String(characters);
    RequestEvent read = EventCodec.decode(EventCodec.encode(full(text).build()));
    assertThat(read.tags().get("t")).isEqualTo(withoutLoneSurrogates(text));
  }

  private static String withoutLoneSurrogates(String text) {
    StringBuilder clean = new StringBuilder();
    text.codePoints().forEach(c -> clean.appendCodePoint(c >= 0xD800 && c <= 0xDFFF ? 0xFFFD : c));
    return clean.toString();
  }

  @Property(tries = 300)
  void no_bytes_make_it_fail_in_any_other_way(@ForAll byte[] bytes) {
    try {
      EventCodec.decode(bytes);
    } catch (IOException expected) {
      assertThat(expected).isNotNull();
    }
  }

  @Test
  void a_killed_request_stays_killed() throws IOException {
    RequestEvent event = full("plain").statusCode(0).killed(true).build();
    RequestEvent read = EventCodec.decode(EventCodec.encode(event));
    assertSame(read, event);
    assertThat(read.status()).isEqualTo(RunStatus.KILLED);
  }

  /** As version 1 wrote it. */
  private static final String WRITTEN_BY_VERSION_1 =
      "AQEAAAAGc291cmNlAAAAAAAAAAcBAAAABVBBVENIAQAAAAVodHRwcwEAAAABaAAAIPsBAAAAAi9wAQAAAANxPTEB"
          + "AAAABC97eH0BAAAAAW4CVwAAAYvP5Wh7AAAAAAAG+FUBAAAAD2phdmEubGFuZy5FcnJvcgEAAAAEYm9vbQAA"
          + "AAEBAAAAAXQBAAAAAfwAAAABAQAAAAFwAgAAAAIiGgAAAAEBAAAABWYudHh0AQAAAAF4AAAAAQEAAAABbT/g"
          + "AAAAAAAAAAAAAAAAAAEAAAAAAAAAAg==";

  @Test
  void an_event_of_version_1_is_read_as_it_was() throws IOException {
    RequestEvent event =
        RequestEvent.builder(
                "source", 7, "PATCH", new RequestTarget("https", "h", 8443, "/p", "q=1"))
            .route("/{x}")
            .name("n")
            .statusCode(599)
            .timing(1_700_000_000_123L, 456_789)
            .error("java.lang.Error", "boom")
            .tag("t", "\u00fc")
            .param("p", "\u221a")
            .text("f.txt", "x")
            .metric(new Metric("m", 0.5, 1, 2))
            .build();
    assertSame(EventCodec.decode(Base64.getDecoder().decode(WRITTEN_BY_VERSION_1)), event);
  }

  @Test
  void a_later_version_is_named() {
    byte[] bytes = EventCodec.encode(Requests.event(1));
    bytes[0] = 9;
    assertThatThrownBy(() -> EventCodec.decode(bytes)).hasMessageContaining("version 9");
  }

  @Test
  void whether_its_handler_logged_anything_comes_back() throws IOException {
    RequestEvent event = full("plain").ownData(true).build();
    assertThat(EventCodec.decode(EventCodec.encode(event)).hasOwnData()).isTrue();
    RequestEvent other = full("plain").build();
    assertThat(EventCodec.decode(EventCodec.encode(other)).hasOwnData()).isFalse();
  }
}
