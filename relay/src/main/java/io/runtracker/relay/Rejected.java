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
import org.apache.kafka.common.errors.InterruptException;

/** The topic that takes the requests that MLflow will never take. Safe for use by any thread. */
final class Rejected implements SetAside, AutoCloseable {

  private static final long LONGEST_SECONDS = 30;

  private final String topic;
  private final KafkaProducer<byte[], byte[]> producer;

  /** Makes no call but to look up the addresses. */
  Rejected(Map<String, Object> properties, String topic) {
    this.topic = topic;
    this.producer = new KafkaProducer<>(properties);
  }

  /** Beside each request, its headers say why and what unit it was. */
  @Override
  public void add(String id, String reason, List<byte[]> events) throws IOException {
    List<Future<?>> sent = new ArrayList<>();
    try {
      for (byte[] event : events) {
        ProducerRecord<byte[], byte[]> request = new ProducerRecord<>(topic, event);
        request
            .headers()
            .add("runtracker.reason", (reason + RecordValue.whyUnread(event)).getBytes(UTF_8));
        request.headers().add("runtracker.unit", id.getBytes(UTF_8));
        sent.add(producer.send(request));
      }
      for (Future<?> one : sent) {
        one.get(LONGEST_SECONDS, TimeUnit.SECONDS);
      }
    } catch (ExecutionException e) {
      throw new IOException("The topic " + topic + " takes nothing: " + e.getCause(), e);
    } catch (TimeoutException | KafkaException e) {
      throw new IOException("The topic " + topic + " takes nothing: " + e, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("Interrupted", e);
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
