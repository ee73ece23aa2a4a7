// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import io.runtracker.RequestEvent;
import io.runtracker.testkit.kafka.KafkaCluster;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads what is in a topic, as programs do that read it from its beginning. */
final class TopicReader {

  private TopicReader() {}

  /**
   * All records of transactions that are complete, once none of those that are there is open. A
   * commit is answered before its records can be read.
   */
  static List<ConsumerRecord<byte[], byte[]>> read(KafkaCluster cluster, String topic) {
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> all = consumer(cluster, "read_uncommitted");
        KafkaConsumer<byte[], byte[]> committed = consumer(cluster, "read_committed")) {
      List<TopicPartition> partitions =
          all.partitionsFor(topic).stream()
              .map(partition -> new TopicPartition(topic, partition.partition()))
              .toList();
      Map<TopicPartition, Long> ends = all.endOffsets(partitions);
      committed.assign(partitions);
      committed.seekToBeginning(partitions);
      while (partitions.stream().anyMatch(one -> committed.position(one) < ends.get(one))) {
        committed.poll(Duration.ofMillis(100)).forEach(records::add);
      }
    }
    return records;
  }

  private static KafkaConsumer<byte[], byte[]> consumer(KafkaCluster cluster, String isolation) {
    Map<String, Object> settings =
        Map.of("bootstrap.servers", cluster.bootstrapServers(), "isolation.level", isolation);
    return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  static List<String> paths(KafkaCluster cluster, String topic) {
    return read(cluster, topic).stream()
        .map(record -> decoded(record.value()).target().path())
        .toList();
  }

  static RequestEvent decoded(byte[] value) {
    try {
      return KafkaFormat.read(value).decode();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
