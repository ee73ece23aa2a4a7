// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runtracker.sink.RequestBatch;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class WrittenRequestsTest {

  private static final String SOURCE = "0123456789abcdef";

  @Test
  void what_was_written_is_known_when_it_comes_again() throws IOException {
    WrittenRequests written = WrittenRequests.NONE.plus(Batches.of(SOURCE, 1, 1, 2, 3));
    RequestBatch again = Batches.of(SOURCE, 1, 2, 3, 4);
    assertThat(written.missingOf(again)).containsExactly(again.requests().get(2));
  }

  @Test
  void a_position_that_a_log_gives_again_is_of_another_request() throws IOException {
    WrittenRequests written = WrittenRequests.NONE.plus(Batches.of(SOURCE, 1, 1, 2, 3));
    RequestBatch other = Batches.of("fedcba9876543210", 1, 2, 3);
    assertThat(written.missingOf(other)).hasSize(2);
  }

  @Test
  void what_never_comes_again_is_forgotten() throws IOException {
    WrittenRequests written =
        WrittenRequests.NONE
            .plus(Batches.of(SOURCE, 1, 1, 2, 3))
            .plus(Batches.of("fedcba9876543210", 4, 4, 5));
    assertThat(written).hasToString("{fedcba9876543210=4-5}");
  }

  @Test
  void requests_that_lie_apart_are_one_range_once_those_between_came() throws IOException {
    WrittenRequests apart =
        WrittenRequests.NONE
            .plus(Batches.of(SOURCE, 1, 1, 2, 5, 6))
            .plus(Batches.of(SOURCE, 1, 3, 4));
    assertThat(apart).hasToString("{" + SOURCE + "=1-6}");
  }

  @Test
  void it_is_read_as_it_was_written() throws IOException {
    WrittenRequests written =
        WrittenRequests.NONE
            .plus(Batches.of(SOURCE, 1, 1, 2, 5, 1L << 50))
            .plus(Batches.of("a b=c", 1, 7, 9));
    assertThat(WrittenRequests.decode(written.encode())).hasToString(written.toString());
    assertThat(WrittenRequests.decode(WrittenRequests.NONE.encode())).hasToString("{}");
  }

  @Test
  void a_thousand_ranges_fit_a_broker_that_takes_4096_characters() throws IOException {
    long[] everySecond =
        java.util.stream.LongStream.range(0, 900).map(i -> 1_000_000 + 40 * i).toArray();
    assertThat(WrittenRequests.NONE.plus(Batches.of(SOURCE, 1, everySecond)).encode())
        .hasSizeLessThan(4_000);
  }

  @Test
  void what_a_later_version_wrote_is_not_taken_for_nothing() {
    assertThatThrownBy(() -> WrittenRequests.decode("2 " + SOURCE + "=AAAA"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("another version");
    assertThatThrownBy(() -> WrittenRequests.decode("1 " + SOURCE))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("damaged");
  }
}
