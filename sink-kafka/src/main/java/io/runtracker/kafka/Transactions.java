// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runtracker.sink.RequestBatch;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The transactions of one connection. In each goes, beside the records, what of the log is in the
 * topic then: as metadata of an offset of a group that has no members.
 */
final class Transactions {

  /** Nothing was written, because a record is larger than the client or the broker takes. */
  static final class TooLargeException extends Exception {
    private static final long serialVersionUID = 1;

    TooLargeException(RecordTooLargeException cause) {
      super(cause.getMessage(), cause);
    }
  }

  /** Nothing was written, because what is in the topic has too many gaps to be remembered. */
  static final class TooManyGapsException extends Exception {
    private static final long serialVersionUID = 1;

    TooManyGapsException() {
      super("Too many requests wait among those that are in the topic; they go first");
    }
  }

  private static final Logger log = LoggerFactory.getLogger("io.runtracker.Tracker");

  /** A broker takes 4096 by default. */
  private static final int MOST_CHARACTERS = 4000;

  private final KafkaSettings settings;
  private final String id;
  private final TopicPartition place;
  private final KafkaProducer<byte[], byte[]> producer;
  private @Nullable ConsumerGroupMetadata group;
  private WrittenRequests written = WrittenRequests.NONE;

  /** Makes no call but to look up the addresses. */
  Transactions(KafkaSettings settings, String id) {
    this.settings = settings;
    this.id = id;
    this.place = new TopicPartition(settings.topic, 0);
    this.producer = new KafkaProducer<>(settings.producer(id));
  }

  /**
   * Ends what a connection before has left: nothing of it can be written any more. Only then what
   * it has written can be read.
   */
  void begin() {
    producer.initTransactions();
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings.consumer(id))) {
      group = consumer.groupMetadata();
      OffsetAndMetadata found = consumer.committed(Set.of(place)).get(place);
      if (found != null && !found.metadata().isEmpty()) {
        written = WrittenRequests.decode(found.metadata());
      }
    } catch (IOException e) {
      throw new KafkaException(
          "the offset of group "
              + id
              + " is not Runtracker's: "
              + e.getMessage()
              + "; delete it if it is nobody else's",
          e);
    }
  }

  /** What of the log is in the topic. */
  WrittenRequests written() {
    return written;
  }

  /**
   * Writes all of these or none.
   *
   * @param then what is in the topic afterwards
   * @throws TooLargeException when none was, because of one of them
   * @throws KafkaException when nobody knows; this connection is of no use any more
   */
  void write(List<RequestBatch.Entry> requests, WrittenRequests then)
      throws TooLargeException, TooManyGapsException, IOException {
    String metadata = then.encode();
    if (metadata.length() > MOST_CHARACTERS) {
      throw new TooManyGapsException();
    }
    AtomicReference<Exception> failure = new AtomicReference<>();
    producer.beginTransaction();
    try {
      for (RequestBatch.Entry request : requests) {
        producer.send(
            recordOf(request),
            (sent, failed) -> {
              if (failed != null) {
                failure.compareAndSet(null, failed);
              }
            });
      }
      producer.flush();
      if (failure.get() instanceof KafkaException first) {
        throw first;
      }
      producer.sendOffsetsToTransaction(
          Map.of(place, new OffsetAndMetadata(0, metadata)), Objects.requireNonNull(group));
      producer.commitTransaction();
    } catch (KafkaException e) {
      if (failure.get() instanceof RecordTooLargeException tooLarge) {
        producer.abortTransaction();
        throw new TooLargeException(tooLarge);
      }
      throw failure.get() instanceof KafkaException first ? first : e;
    }
    written = then;
  }

  private ProducerRecord<byte[], byte[]> recordOf(RequestBatch.Entry request) throws IOException {
    ProducerRecord<byte[], byte[]> made =
        new ProducerRecord<>(settings.topic, settings.format.valueOf(request.event()));
    made.headers().add(KafkaSink.EVENT_ID, request.event().eventId().getBytes(UTF_8));
    return made;
  }

  /** Gives the connection up at once. What is under way ends in an exception. */
  void abandon() {
    boolean wasInterrupted = Thread.interrupted(); // else it would not wait for its own thread
    try {
      producer.close(Duration.ZERO);
    } catch (RuntimeException e) {
      log.debug("A producer did not close in order", e);
    } finally {
      if (wasInterrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
