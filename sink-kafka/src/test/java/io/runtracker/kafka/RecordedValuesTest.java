// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runtracker.RequestEvent;
import io.runtracker.internal.event.EventBytes;
import io.runtracker.sink.EncodedEvent;
import java.io.IOException;
import java.io.InputStream;
import java.util.HexFormat;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Values of records that were written once and are committed: every version reads what this one has
 * written, and this one what a later version adds. docs/kafka.md has the rule.
 *
 * <p>If a later version writes more, it adds files of its own, which the last test compares then;
 * these here stay as they are, and are read.
 */
class RecordedValuesTest {

  /** A file in each format. */
  enum Value {
    PLAIN(Events.bytes(Events.plain(), false)),
    KILLED(Events.bytes(Events.killed(), false)),
    FULL(Events.bytes(Events.full("\"\\/ \0\t\n é€\u2028😀").build(), true));

    final EventBytes event;

    Value(EventBytes event) {
      this.event = event;
    }
  }

  private static byte[] recorded(String name, KafkaFormat format) throws IOException {
    String file = "/records-1/" + name.toLowerCase(java.util.Locale.ROOT);
    return format == KafkaFormat.JSON
        ? text(file + ".json").getBytes(UTF_8)
        : HexFormat.of().parseHex(text(file + ".hex").replaceAll("\\s", ""));
  }

  private static String text(String file) throws IOException {
    try (InputStream in = RecordedValuesTest.class.getResourceAsStream(file)) {
      return new String(Objects.requireNonNull(in, file).readAllBytes(), UTF_8).strip();
    }
  }

  private static void assertSame(EncodedEvent read, EventBytes written) throws IOException {
    RequestEvent event = written.decode();
    assertThat(read.decode()).usingRecursiveComparison().ignoringFields("entries").isEqualTo(event);
    assertThat(read.decode().tags()).containsExactlyEntriesOf(event.tags());
    assertThat(read.decode().params()).containsExactlyEntriesOf(event.params());
    assertThat(read.decode().texts()).containsExactlyEntriesOf(event.texts());
    assertThat(read.decode().metrics()).isEqualTo(event.metrics());
    assertThat(read.isPlain()).isEqualTo(written.isPlain());
    assertThat(((EventBytes) read).isSlow()).isEqualTo(written.isSlow());
  }

  @ParameterizedTest
  @EnumSource
  void what_was_written_once_is_read_today(Value value) throws IOException {
    for (KafkaFormat format : KafkaFormat.values()) {
      assertSame(KafkaFormat.read(recorded(value.name(), format)), value.event);
    }
  }

  @ParameterizedTest
  @EnumSource
  void the_same_is_written_today(Value value) throws IOException {
    for (KafkaFormat format : KafkaFormat.values()) {
      byte[] written = format.valueOf(value.event);
      assertThat(format == KafkaFormat.JSON ? new String(written, UTF_8) : written)
          .isEqualTo(
              format == KafkaFormat.JSON
                  ? new String(recorded(value.name(), format), UTF_8)
                  : recorded(value.name(), format));
    }
  }

  @ParameterizedTest
  @EnumSource
  void what_a_later_version_adds_is_skipped(KafkaFormat format) throws IOException {
    assertSame(KafkaFormat.read(recorded("later", format)), Value.FULL.event);
  }

  @Test
  void and_stays_in_the_bytes_that_are_passed_on() throws IOException {
    byte[] later = recorded("later", KafkaFormat.BYTES);
    assertThat(KafkaFormat.read(later).toBytes()).isEqualTo(later);
  }

  @ParameterizedTest
  @EnumSource
  void what_this_version_must_not_read_is_refused_by_its_version(KafkaFormat format) {
    assertThatThrownBy(() -> KafkaFormat.read(recorded("too-late", format)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("unknown version 2");
  }
}
