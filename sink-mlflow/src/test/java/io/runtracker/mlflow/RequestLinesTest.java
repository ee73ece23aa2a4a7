// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RequestLinesTest {

  private final RequestLines lines = new RequestLines();

  private static JsonBytes row(String text) {
    return new JsonBytes().add(text.getBytes(UTF_8));
  }

  private String copy(int row) {
    JsonBytes copy = new JsonBytes();
    lines.copy(row, copy);
    return new String(copy.array(), 0, copy.size(), UTF_8);
  }

  @Test
  void each_row_is_a_line_and_can_be_had_again_wherever_pieces_part_it() {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < 2_000; i++) {
      rows.add("東😀" + "x".repeat(i * 31 % 997));
    }
    rows.add("y".repeat(300_000));
    rows.add("");
    rows.forEach(row -> lines.add(row(row)));

    assertThat(Body.sent(lines.body())).isEqualTo(String.join("\n", rows) + "\n");
    for (int row = 0; row < lines.rows(); row++) {
      assertThat(copy(row)).isEqualTo(rows.get(row));
    }
  }

  @Test
  void lines_that_end_with_a_piece_are_sent_whole() {
    lines.add(row("z".repeat((64 << 10) - 1)));
    assertThat(Body.sent(lines.body())).hasSize(64 << 10).endsWith("z\n");
  }

  @Test
  void their_length_is_known_before_they_are_sent() {
    lines.add(row("東😀".repeat(50_000)));
    assertThat(lines.body().length()).isEqualTo(50_000L * (3 + 4) + 1);
  }

  @Test
  void they_may_be_sent_again() {
    lines.add(row("a row"));
    RequestBody body = lines.body();
    assertThat(Body.sent(body)).isEqualTo(Body.sent(body)).isEqualTo("a row\n");
  }

  @Test
  void no_lines_have_no_bytes() {
    assertThat(lines.body().length()).isZero();
  }
}
