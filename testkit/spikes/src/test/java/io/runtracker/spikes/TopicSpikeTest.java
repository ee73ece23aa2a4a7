// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spikes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.Ledger;
import io.runtracker.Tracker;
import io.runtracker.sink.EncodedEvent;
import io.runtracker.sink.SinkException;
import io.runtracker.testkit.kafka.KafkaCluster;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Events go from the spool into a real topic once each, through kills of the service. */
@Tag("once")
class TopicSpikeTest {

  static final String TOPIC = "runtracker-requests";
  private static final int REQUESTS = 10_000;
  private static final int KILLS = 4;
  private static final int PARTITIONS = 2;

  @TempDir Path directory;

  /** What every fleet meets at times. */
  private static final class NoBroker extends BatchSink {
    @Override
    void write(String id, List<byte[]> events) throws SinkException {
      throw new SinkException(SinkException.Kind.UNAVAILABLE, "no broker yet", null);
    }

    @Override
    public void close() {}
  }

  private void fillSpool() {
    try (Tracker tracker = Service.tracker(new NoBroker(), directory.resolve("spool"))) {
      for (int i = 0; i < REQUESTS; i++) {
        Service.serve(tracker, "/" + i, 200);
        if (i % 1_000 == 0) {
          await().until(() -> tracker.stats().ringRemaining() > 1_000);
        }
      }
      Ledger ledger = tracker.close(Service.LONG);
      assertThat(ledger.spooled()).as("%s", ledger).isEqualTo(REQUESTS);
    }
  }

  private Process service(KafkaCluster broker) throws IOException {
    String spool = directory.resolve("spool").toString();
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx256m",
            "-cp",
            System.getProperty("java.class.path"),
            Service.class.getName(),
            broker.bootstrapServers(),
            spool)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(directory.resolve("service.log").toFile()))
        .start();
  }

  @Test
  void each_request_is_in_the_topic_once_however_often_the_service_is_killed() throws Exception {
    fillSpool();
    try (KafkaCluster broker = KafkaCluster.start(directory.resolve("kafka"), 1)) {
      broker.createTopic(TOPIC, PARTITIONS);
      for (int kill = 0; kill < KILLS; kill++) {
        int before = pathsIn(broker).size();
        Process service = service(broker);
        await().atMost(Service.LONG).until(() -> pathsIn(broker).size() > before);
        assertThat(service.isAlive()).isTrue();
        service.destroyForcibly().waitFor();
      }
      assertThat(service(broker).waitFor()).isZero();
      assertThat(pathsIn(broker)).doesNotHaveDuplicates().hasSize(REQUESTS);
    }
  }

  private static List<String> pathsIn(KafkaCluster broker) {
    Map<String, Object> settings =
        Map.of("bootstrap.servers", broker.bootstrapServers(), "isolation.level", "read_committed");
    List<String> paths = new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> all =
          IntStream.range(0, PARTITIONS).mapToObj(i -> new TopicPartition(TOPIC, i)).toList();
      consumer.assign(all);
      consumer.seekToBeginning(all);
      Map<TopicPartition, Long> ends = consumer.endOffsets(all);
      while (all.stream().anyMatch(one -> consumer.position(one) < ends.get(one))) {
        for (ConsumerRecord<byte[], byte[]> read : consumer.poll(Duration.ofMillis(100))) {
          paths.add(pathOf(read.value()));
        }
      }
    }
    return paths;
  }

  private static String pathOf(byte[] event) {
    try {
      return EncodedEvent.of(event).decode().target().path();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
