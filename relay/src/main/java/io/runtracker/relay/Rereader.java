// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import io.runtracker.internal.log.Positions;
import io.runtracker.internal.log.SpoolException;
import io.runtracker.internal.log.SpooledEvent;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;

/**
 * Reads records of a partition again, such as those of a window that a relay before has planned.
 * Each time by a connection of its own, because that is rare. Safe for use by any thread.
 */
final class Rereader implements TopicLog.Again {

  private static final Duration ONE_FETCH = Duration.ofMillis(500);
  private static final Duration LONGEST = Duration.ofSeconds(30);

  private final Map<String, Object> properties;
  private final TopicPartition partition;
  private final String topicId;

  /**
   * Has no connection yet.
   *
   * @param topicId which topic of the name is to be read
   */
  Rereader(Map<String, Object> properties, TopicPartition partition, String topicId) {
    this.properties = properties;
    this.partition = partition;
    this.topicId = topicId;
  }

  @Override
  public void read(Positions wanted, Consumer<SpooledEvent> consumer) throws SpoolException {
    List<SpooledEvent> found = new ArrayList<>();
    if (wanted.isEmpty()) {
      return;
    }
    try (KafkaConsumer<byte[], byte[]> again = new KafkaConsumer<>(properties)) {
      again.assign(Set.of(partition));
      long deadline = System.nanoTime() + LONGEST.toNanos();
      again.seek(partition, wanted.first() - 1);
      while (again.position(partition) < wanted.end() - 1) {
        try {
          for (ConsumerRecord<byte[], byte[]> each : again.poll(ONE_FETCH).records(partition)) {
            if (wanted.contains(TopicLog.positionOf(each))) {
              found.add(TopicLog.eventOf(each));
            }
          }
        } catch (OffsetOutOfRangeException deleted) {
          again.seekToBeginning(Set.of(partition));
        }
        if (System.nanoTime() - deadline > 0) {
          throw new SpoolException(
              "Requests of " + partition + " cannot be read again within " + LONGEST, null);
        }
      }
    } catch (InterruptException e) {
      throw new SpoolException("Reading " + partition + " again was interrupted", e);
    } catch (KafkaException e) {
      throw new SpoolException("Cannot read " + partition + " again: " + e.getMessage(), e);
    }
    checkTopic();
    found.forEach(consumer);
  }

  /** Behind the reading: another topic of the name has other requests at these positions. */
  private void checkTopic() throws SpoolException {
    String now;
    try (TopicWatch watch = new TopicWatch(properties, partition.topic())) {
      now = watch.identity().topicId();
    } catch (IOException e) {
      throw new SpoolException("Cannot ask which topic " + partition + " is of", e);
    }
    if (!now.equals(topicId)) {
      throw new SpoolException(
          partition + " is of topic " + now + " now, and no longer of " + topicId, null);
    }
  }
}
