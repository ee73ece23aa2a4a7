// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runtracker.internal.log.Positions;
import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PartitionStateTest {

  @Test
  void a_partition_of_which_nothing_is_done_yet_is_read_back() throws Exception {
    PartitionState back = PartitionState.of(PartitionState.startingAt(7, "id").toCommit(), "other");
    assertThat(back.offset()).isEqualTo(7);
    assertThat(back.controls()).isEmpty();
    assertThat(back.topicId()).isEqualTo("id");
  }

  @Test
  void an_offset_that_an_operator_has_set_is_of_the_topic_of_now() throws Exception {
    PartitionState set = PartitionState.of(new OffsetAndMetadata(7, ""), "now");
    assertThat(set.offset()).isEqualTo(7);
    assertThat(set.topicId()).isEqualTo("now");
  }

  @ParameterizedTest
  @ValueSource(strings = {"2AAAA", "1not base64", "made by hand"})
  void what_is_not_of_this_version_is_not_taken_for_nothing(String metadata) {
    assertThatThrownBy(() -> PartitionState.of(new OffsetAndMetadata(7, metadata), "id"))
        .isInstanceOf(IOException.class);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 1018, 1019, 1020, 1021, 1022, 1023, 1024, 1025, 3000})
  void what_is_remembered_is_read_back_however_long_it_is(int bytes) throws Exception {
    byte[] control = new byte[bytes];
    IntStream.range(0, bytes).forEach(i -> control[i] = (byte) (i * i / 7));
    Positions done = Positions.of(0, 5).plus(Positions.of(9, 12));
    PartitionState back =
        PartitionState.of(
            new PartitionState(done, List.of(control), new byte[] {1}, "id").toCommit(), "id");
    assertThat(back.done()).isEqualTo(done);
    assertThat(back.controls()).singleElement().isEqualTo(control);
    assertThat(back.ledger()).containsExactly(1);
  }

  @Test
  void what_is_cut_short_is_not_taken_for_whole() {
    String whole =
        new PartitionState(Positions.of(0, 5), List.of(new byte[100]), null, "id")
            .toCommit()
            .metadata();
    OffsetAndMetadata cut = new OffsetAndMetadata(4, whole.substring(0, whole.length() - 4));
    assertThatThrownBy(() -> PartitionState.of(cut, "id")).isInstanceOf(IOException.class);
  }
}
