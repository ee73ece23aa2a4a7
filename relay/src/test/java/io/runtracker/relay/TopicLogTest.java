// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runtracker.internal.log.Positions;
import io.runtracker.internal.log.SpooledEvent;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class TopicLogTest {

  private static final TopicPartition PARTITION = new TopicPartition("requests", 0);

  private final PartitionMemory memory =
      new PartitionMemory("requests-0", PartitionState.startingAt(5, "id"), () -> {});
  private final TopicLog log = new TopicLog(memory, new Rereader(Map.of(), PARTITION, "id"));

  private static ConsumerRecord<byte[], byte[]> at(long offset) {
    return new ConsumerRecord<>(PARTITION.topic(), 0, offset, null, new byte[] {1, 2, 3});
  }

  private static List<ConsumerRecord<byte[], byte[]>> from(long first, long end) {
    return LongStream.range(first, end).mapToObj(TopicLogTest::at).toList();
  }

  private List<Long> offsets() {
    List<Long> all = new ArrayList<>();
    for (SpooledEvent event = log.next(); event != null; event = log.next()) {
      all.add(event.position() - 1);
    }
    return all;
  }

  @Test
  void what_is_fetched_again_is_handed_out_once() {
    log.add(from(5, 8), 8);
    log.add(from(5, 10), 10);
    assertThat(offsets()).containsExactly(5L, 6L, 7L, 8L, 9L);
    assertThat(log.received()).isEqualTo(5);
  }

  @Test
  void what_the_cluster_leaves_out_is_done() {
    log.add(List.of(at(6), at(8)), 10);
    assertThat(offsets()).containsExactly(6L, 8L);
    assertThat(log.live()).isEqualTo(2);
    assertThat(log.nextOffset()).isEqualTo(10);
  }

  @Test
  void what_did_not_find_room_is_fetched_again_and_nothing_is_done_for_it() {
    List<ConsumerRecord<byte[], byte[]>> failing =
        new AbstractList<>() {
          @Override
          public ConsumerRecord<byte[], byte[]> get(int index) {
            if (index == 2 && log.received() == 2) {
              throw new OutOfMemoryError("as if");
            }
            return at(5 + index);
          }

          @Override
          public int size() {
            return 4;
          }
        };
    assertThatThrownBy(() -> log.add(failing, 9)).isInstanceOf(OutOfMemoryError.class);
    assertThat(log.nextOffset()).isEqualTo(7);
    log.add(from(7, 9), 9);
    assertThat(offsets()).containsExactly(5L, 6L, 7L, 8L);
    assertThat(log.live()).isEqualTo(4);
  }

  @Test
  void what_was_deleted_before_it_was_fetched_is_lost_and_counted() {
    log.add(from(5, 7), 7);
    log.deleted(10, Positions.NONE);
    assertThat(memory.lostCount()).isEqualTo(3);
    assertThat(log.nextOffset()).isEqualTo(10);
    assertThat(offsets()).containsExactly(5L, 6L);
  }

  @Test
  void what_was_deleted_and_may_have_been_written_is_not_lost_yet() {
    log.deleted(10, Positions.of(7, 9));
    assertThat(memory.lostCount()).isEqualTo(3); // offsets 5, 8 and 9
    assertThat(log.received()).isEqualTo(5);
    assertThat(log.live()).isEqualTo(2);
  }

  @Test
  void nothing_is_handed_out_once_the_partition_leaves() {
    log.add(from(5, 8), 8);
    assertThat(log.next()).isNotNull();
    assertThat(log.stopHandingOut()).isEqualTo(7); // behind position 6
    assertThat(log.next()).isNull();
  }
}
