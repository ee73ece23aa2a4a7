// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runtracker.internal.delivery.SetAside;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.jspecify.annotations.Nullable;

/** The topic that takes the requests that MLflow will never take. Safe for use by any thread. */
final class Rejected implements AutoCloseable {

  private static final long LONGEST_SECONDS = 30;

  /** While it takes nothing, each try would hold up the good requests of a partition. */
  private static final long REST_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final String topic;
  private final KafkaProducer<byte[], byte[]> producer;
  private volatile @Nullable Failure last;

  /** When it took nothing, and why. */
  private record Failure(long nanos, String message) {}

  /** Makes no call but to look up the addresses. */
  Rejected(Map<String, Object> properties, String topic) {
    this.topic = topic;
    this.producer = new KafkaProducer<>(properties);
  }

  /** For the requests of one partition. */
  SetAside of(TopicPartition partition) {
    return (id, reason, events) -> add(partition, id, reason, events);
  }

  /** Beside each request, its headers say why, where it was, and what unit it was part of. */
  private void add(TopicPartition partition, String id, String reason, List<byte[]> events)
      throws IOException {
    Failure before = last;
    if (before != null && System.nanoTime() - before.nanos() < REST_NANOS) {
      throw new IOException(before.message());
    }
    List<ProducerRecord<byte[], byte[]>> requests = new ArrayList<>();
    for (byte[] event : events) {
      ProducerRecord<byte[], byte[]> request = new ProducerRecord<>(topic, event);
      String why = reason + RecordValue.whyUnread(event);
      request.headers().add("runtracker.reason", why.getBytes(UTF_8));
      request.headers().add("runtracker.partition", partition.toString().getBytes(UTF_8));
      request.headers().add("runtracker.unit", id.getBytes(UTF_8));
      requests.add(request);
    }
    try {
      addAll(requests);
      last = null;
    } catch (ExecutionException e) {
      throw failed(e.getCause(), e);
    } catch (TimeoutException | KafkaException e) {
      throw failed(e, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("Interrupted", e);
    }
  }

  private IOException failed(@Nullable Throwable why, Exception cause) {
    String message = "The topic " + topic + " takes nothing: " + why;
    last = new Failure(System.nanoTime(), message);
    return new IOException(message, cause);
  }

  /** A request that is on its way. */
  private record Sent(ProducerRecord<byte[], byte[]> request, Future<?> answer) {}

  private void addAll(List<ProducerRecord<byte[], byte[]>> requests)
      throws ExecutionException, InterruptedException, TimeoutException {
    List<Sent> underWay = new ArrayList<>();
    for (ProducerRecord<byte[], byte[]> request : requests) {
      Sent sent = new Sent(request, producer.send(request));
      if (sent.answer().isDone()) {
        awaitOrShorten(sent); // where the topic is not there, each would take its time
      } else {
        underWay.add(sent);
      }
    }
    for (Sent sent : underWay) {
      awaitOrShorten(sent);
    }
  }

  /**
   * What the topic has no room for goes there without its content, which stays where it came from
   * for as long as that topic keeps it.
   */
  private void awaitOrShorten(Sent sent)
      throws ExecutionException, InterruptedException, TimeoutException {
    try {
      sent.answer().get(LONGEST_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof RecordTooLargeException)) {
        throw e;
      }
      String leftOut = sent.request().value().length + " bytes: " + e.getCause().getMessage();
      ProducerRecord<byte[], byte[]> shorter = new ProducerRecord<>(topic, new byte[0]);
      sent.request().headers().forEach(shorter.headers()::add);
      shorter.headers().add("runtracker.left_out", leftOut.getBytes(UTF_8));
      producer.send(shorter).get(LONGEST_SECONDS, TimeUnit.SECONDS);
    }
  }

  @Override
  public void close() {
    try {
      producer.close(Duration.ofSeconds(1));
    } catch (InterruptException e) {
      Thread.currentThread().interrupt();
    }
  }
}
