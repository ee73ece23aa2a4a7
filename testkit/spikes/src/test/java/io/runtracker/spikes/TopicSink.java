// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spikes;

import io.runtracker.sink.SinkException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Writes each window in one transaction, and in the same transaction the ids of the last windows
 * into the metadata of an offset. After a kill a window that is sent again is found there.
 */
final class TopicSink extends BatchSink {

  /** More than may be under way at once. */
  private static final int REMEMBERED = 32;

  private final KafkaProducer<byte[], byte[]> producer;
  private final String topic;
  private final String group;
  private final TopicPartition place;
  private final Deque<String> written = new ArrayDeque<>();

  /**
   * Fences whoever used this spool before.
   *
   * @param spool what is the same after a restart
   */
  TopicSink(String servers, String topic, String spool) throws Exception {
    this.topic = topic;
    this.group = "spool-" + spool;
    this.place = new TopicPartition(topic, 0);
    Map<String, Object> settings =
        Map.of(
            "bootstrap.servers",
            servers,
            "transactional.id",
            group,
            "retry.backoff.ms",
            5,
            "retry.backoff.max.ms",
            50);
    this.producer =
        new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    producer.initTransactions();
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", servers))) {
      OffsetAndMetadata found =
          admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().get(place);
      if (found != null) {
        written.addAll(List.of(found.metadata().split(" ")));
      }
    }
  }

  @Override
  synchronized void write(String id, List<byte[]> events) throws SinkException {
    if (written.contains(id)) {
      return;
    }
    try {
      producer.beginTransaction();
      for (byte[] event : events) {
        producer.send(new ProducerRecord<>(topic, event));
      }
      written.addLast(id);
      if (written.size() > REMEMBERED) {
        written.removeFirst();
      }
      producer.sendOffsetsToTransaction(
          Map.of(place, new OffsetAndMetadata(0, String.join(" ", written))),
          new ConsumerGroupMetadata(group));
      producer.commitTransaction();
    } catch (KafkaException e) {
      written.remove(id);
      throw new SinkException(SinkException.Kind.UNKNOWN, "the topic was not written: " + e, e);
    }
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(5));
  }
}
