// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How people write values. */
class ValueTypeTest {

  @ParameterizedTest
  @CsvSource({
    "250ms, 250",
    "3s, 3000",
    "3, 3000",
    "2m, 120000",
    "1 h, 3600000",
    "1d, 86400000",
    "PT1.5S, 1500"
  })
  void durations(String text, long millis) {
    assertThat(ValueType.DURATION_OF_TIME.parser().apply(text))
        .isEqualTo(Duration.ofMillis(millis));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "8192, 8192",
    "8192B, 8192",
    "8k, 8192",
    "8K, 8192",
    "8M, 8388608",
    "8MB, 8388608",
    "8 MiB, 8388608",
    "1g, 1073741824"
  })
  void sizes(String text, long bytes) {
    assertThat(ValueType.SIZE_IN_BYTES.parser().apply(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @CsvSource({"true, true", "TRUE, true", "1, true", "false, false", "0, false"})
  void booleans(String text, boolean value) {
    assertThat(ValueType.BOOLEAN.parser().apply(text)).isEqualTo(value);
  }

  @ParameterizedTest
  @ValueSource(strings = {"8X", "-1", "1.5M", "M", "9999999999T"})
  void what_is_no_size_is_refused(String text) {
    assertThatThrownBy(() -> ValueType.SIZE_IN_BYTES.parser().apply(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(text);
  }
}
