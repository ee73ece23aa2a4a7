// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One cluster of each size in a test, because each takes seconds to start. */
@Tag("once")
class KafkaClusterTest {

  private static final String TOPIC = "topic";

  @TempDir Path directory;

  private static void write(KafkaCluster cluster, String value, int timeoutMillis)
      throws ExecutionException, InterruptedException {
    Map<String, Object> settings =
        Map.of(
            "bootstrap.servers",
            cluster.bootstrapServers(),
            "max.block.ms",
            timeoutMillis,
            "linger.ms",
            0,
            "request.timeout.ms",
            timeoutMillis,
            "delivery.timeout.ms",
            timeoutMillis);
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
      producer.send(new ProducerRecord<>(TOPIC, value)).get();
    }
  }

  private static void write(KafkaCluster cluster, String value) throws Exception {
    write(cluster, value, 60_000);
  }

  private static List<String> read(KafkaCluster cluster) {
    TopicPartition all = new TopicPartition(TOPIC, 0);
    List<String> values = new ArrayList<>();
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", cluster.bootstrapServers()),
            new StringDeserializer(),
            new StringDeserializer())) {
      consumer.assign(List.of(all));
      consumer.seekToBeginning(List.of(all));
      long end = consumer.endOffsets(List.of(all)).get(all);
      while (consumer.position(all) < end) {
        consumer.poll(Duration.ofMillis(100)).forEach(read -> values.add(read.value()));
      }
    }
    return values;
  }

  private static String clusterId(KafkaCluster cluster) throws Exception {
    try (Admin admin =
        Admin.create(Map.of("bootstrap.servers", (Object) cluster.bootstrapServers()))) {
      return admin.describeCluster().clusterId().get();
    }
  }

  @Test
  void one_node_keeps_what_was_written_when_it_is_killed_and_nothing_when_it_is_created_anew()
      throws Exception {
    try (KafkaCluster cluster = KafkaCluster.start(directory, 1)) {
      cluster.createTopic(TOPIC, 1);
      write(cluster, "before");
      cluster.kill(1);
      cluster.restart(1);
      assertThat(read(cluster)).containsExactly("before");

      cluster.freeze(1);
      assertThatThrownBy(() -> write(cluster, "lost", 1_000))
          .isInstanceOf(ExecutionException.class);
      cluster.thaw(1);
      write(cluster, "after");
      assertThat(read(cluster)).contains("before", "after");

      cluster.stop(1);
      cluster.restart(1);
      assertThat(read(cluster)).contains("before", "after");

      String before = clusterId(cluster);
      cluster.createAnew();
      assertThat(clusterId(cluster)).isNotEqualTo(before);
      cluster.createTopic(TOPIC, 1);
      assertThat(read(cluster)).isEmpty();
    }
  }

  @Test
  void three_nodes_go_on_when_one_is_killed() throws Exception {
    try (KafkaCluster cluster = KafkaCluster.start(directory, 3)) {
      cluster.createTopic(TOPIC, 1);
      write(cluster, "three");
      cluster.kill(2);
      write(cluster, "two");
      cluster.restart(2);
      assertThat(read(cluster)).containsExactly("three", "two");
    }
  }

  @Test
  void a_cluster_of_no_nodes_is_refused() {
    assertThatIllegalArgumentException().isThrownBy(() -> KafkaCluster.start(directory, 0));
  }
}
