// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where a partition is to be read from. Belongs to the thread that calls the group. */
final class Beginnings {

  private static final Logger logger = LoggerFactory.getLogger("io.runtracker.Relay");

  private static final Duration CALL = Duration.ofSeconds(5);

  private final Consumer<byte[], byte[]> consumer;
  private final TopicWatch watch;
  private final RelaySettings settings;

  Beginnings(Consumer<byte[], byte[]> consumer, TopicWatch watch, RelaySettings settings) {
    this.consumer = consumer;
    this.watch = watch;
    this.settings = settings;
  }

  /** What the group knows of partitions; those that it knows nothing of are left out. */
  Map<TopicPartition, OffsetAndMetadata> committed(Set<TopicPartition> partitions) {
    Map<TopicPartition, OffsetAndMetadata> known =
        new HashMap<>(consumer.committed(partitions, CALL));
    known.values().removeIf(Objects::isNull);
    return known;
  }

  /**
   * Where a partition begins.
   *
   * @param known what the group knows of it, or null where that is nothing
   * @throws IOException when that cannot be told, or nobody can be sure
   */
  PartitionState of(TopicPartition partition, @Nullable OffsetAndMetadata known, String topicId)
      throws IOException {
    if (known == null) {
      return PartitionState.startingAt(neverRead(partition), topicId);
    }
    PartitionState state = PartitionState.of(known, topicId);
    if (state.topicId().equals(topicId)) {
      return state;
    }
    long first = first(partition);
    logger.warn(
        "What the group {} knows of {} is of the topic {}, which is gone; now it is the topic {},"
            + " which is read from its first offset, {}",
        settings.group(),
        partition,
        state.topicId(),
        topicId,
        first);
    return PartitionState.startingAt(first, topicId);
  }

  private long first(TopicPartition partition) throws IOException {
    Long first = consumer.beginningOffsets(Set.of(partition), CALL).get(partition);
    if (first == null) {
      throw new IOException("the cluster does not say where it begins");
    }
    return first;
  }

  /**
   * A cluster forgets the offsets of a group without members after a while. What is younger than
   * that while cannot have been written under an offset that was forgotten. Of what is older nobody
   * knows.
   */
  private long neverRead(TopicPartition partition) throws IOException {
    long first = first(partition);
    Duration retention = watch.offsetsRetention();
    long oldest = System.currentTimeMillis() - retention.toMillis();
    OffsetAndTimestamp young =
        consumer.offsetsForTimes(Map.of(partition, oldest), CALL).get(partition);
    Long end = consumer.endOffsets(Set.of(partition), CALL).get(partition);
    boolean isEmpty = end != null && end <= first;
    if (!isEmpty && (young == null || young.offset() > first)) {
      throw new IOException(
          "the group "
              + settings.group()
              + " has no offset for it, and it holds requests older than offsets.retention.minutes ("
              + retention.toMinutes()
              + "): they may be in MLflow already. Stop the relays and say from where to read, by"
              + " kafka-consumer-groups.sh --reset-offsets");
    }
    return first;
  }
}
