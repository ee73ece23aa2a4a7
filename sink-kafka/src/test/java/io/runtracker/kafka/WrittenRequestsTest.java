// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runtracker.internal.log.Positions;
import io.runtracker.sink.RequestBatch;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WrittenRequestsTest {

  private static final String SOURCE = "0123456789abcdef";
  private static final String OTHER = "fedcba9876543210";

  private static Map<String, Positions> positions(String source, long... positions)
      throws IOException {
    return WrittenRequests.positionsOf(Batches.of(source, 1, positions));
  }

  private static List<RequestBatch.Entry> missing(WrittenRequests written, RequestBatch batch)
      throws IOException {
    return written.missingOf(batch, WrittenRequests.positionsOf(batch));
  }

  @Test
  void what_was_written_is_known_when_it_comes_again() throws IOException {
    WrittenRequests written = WrittenRequests.NONE.plus(positions(SOURCE, 1, 2, 3), 1, Map.of());
    RequestBatch again = Batches.of(SOURCE, 1, 2, 3, 4);
    assertThat(missing(written, again)).containsExactly(again.requests().get(2));
  }

  @Test
  void a_position_that_a_log_gives_again_is_of_another_request() throws IOException {
    WrittenRequests written = WrittenRequests.NONE.plus(positions(SOURCE, 1, 2, 3), 1, Map.of());
    RequestBatch other = Batches.of(OTHER, 1, 2, 3);
    assertThat(missing(written, other)).hasSize(2);
  }

  @Test
  void what_is_settled_for_good_closes_gaps_and_is_still_known() throws IOException {
    WrittenRequests written =
        WrittenRequests.NONE
            .plus(positions(SOURCE, 1, 3, 5), 1, Map.of(SOURCE, 6L))
            .plus(positions(SOURCE, 7), 4, Map.of(SOURCE, 8L));
    assertThat(written).hasToString("{" + SOURCE + "=1-3,5,7}");
    assertThat(missing(written, Batches.of(SOURCE, 1, 1, 2, 3, 4, 5))).hasSize(1);
  }

  @Test
  void who_has_a_copy_of_a_log_says_nothing_of_what_was_added_to_the_other() throws IOException {
    WrittenRequests written =
        WrittenRequests.NONE
            .plus(positions(SOURCE, 1, 2), 1, Map.of(SOURCE, 3L))
            .plus(positions(OTHER, 100), 100, Map.of(SOURCE, 3L, OTHER, 101L));
    assertThat(missing(written, Batches.of(SOURCE, 1, 1, 2))).isEmpty();
    assertThat(missing(written, Batches.of(SOURCE, 1, 3, 4))).hasSize(2);
  }

  @Test
  void a_log_says_nothing_of_a_source_that_it_never_had() throws IOException {
    WrittenRequests written =
        WrittenRequests.NONE
            .plus(positions(SOURCE, 7), 1, Map.of(SOURCE, 8L))
            .plus(positions(OTHER, 100), 100, Map.of(OTHER, 101L));
    assertThat(written).hasToString("{" + SOURCE + "=7, " + OTHER + "=1-100}");
  }

  @Test
  void of_very_many_sources_those_are_forgotten_that_were_written_first() throws IOException {
    WrittenRequests written = WrittenRequests.NONE;
    for (int i = 0; i < 100; i++) {
      written = written.plus(positions(SOURCE + i, i + 1), i + 1, Map.of());
    }
    assertThat(written.encode()).hasSizeLessThan(2_000);
    assertThat(missing(written, Batches.of(SOURCE + 99, 1, 100))).isEmpty();
    assertThat(missing(written, Batches.of(SOURCE + 0, 1, 1))).hasSize(1);
  }

  @Test
  void a_source_that_is_not_settled_is_not_forgotten_however_many_come_after_it()
      throws IOException {
    WrittenRequests written = WrittenRequests.NONE.plus(positions(SOURCE, 1000), 1, Map.of());
    for (int i = 0; i < 100; i++) {
      written = written.plus(positions(SOURCE + i, i + 1), i + 1, Map.of());
    }
    assertThat(missing(written, Batches.of(SOURCE, 1, 1000))).isEmpty();
    written = written.plus(positions(OTHER, 1001), 1001, Map.of());
    assertThat(missing(written, Batches.of(SOURCE, 1, 1000))).hasSize(1);
  }

  @Test
  void requests_that_lie_apart_are_one_range_once_those_between_came() throws IOException {
    WrittenRequests apart =
        WrittenRequests.NONE
            .plus(positions(SOURCE, 1, 2, 5, 6), 1, Map.of())
            .plus(positions(SOURCE, 3, 4), 1, Map.of());
    assertThat(apart).hasToString("{" + SOURCE + "=1-6}");
  }

  @Test
  void it_is_read_as_it_was_written() throws IOException {
    WrittenRequests written =
        WrittenRequests.NONE
            .plus(positions(SOURCE, 1, 2, 5, 1L << 50), 1, Map.of())
            .plus(positions("a b=c", 7, 9), 1, Map.of());
    assertThat(WrittenRequests.decode(written.encode())).hasToString(written.toString());
    assertThat(WrittenRequests.decode(WrittenRequests.NONE.encode())).hasToString("{}");
  }

  @Test
  void a_thousand_ranges_fit_a_broker_that_takes_4096_characters() throws IOException {
    long[] everySecond =
        java.util.stream.LongStream.range(0, 900).map(i -> 1_000_000 + 40 * i).toArray();
    assertThat(WrittenRequests.NONE.plus(positions(SOURCE, everySecond), 1, Map.of()).encode())
        .hasSizeLessThan(4_000);
  }

  @Test
  void what_a_later_version_wrote_is_not_taken_for_nothing() {
    assertThatThrownBy(() -> WrittenRequests.decode("2 " + SOURCE + "=AAAA"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("another version");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1 x", "1 ", "1 x=!!!!", "1 %zz=AAAA", "1 x=AQ", " ", "", "garbage"})
  void what_is_none_of_ours_is_an_error(String found) {
    assertThatThrownBy(() -> WrittenRequests.decode(found)).isInstanceOf(IOException.class);
  }
}
