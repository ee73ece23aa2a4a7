// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.Tracker;
import io.runtracker.testkit.kafka.KafkaCluster;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each broker of a cluster dies in turn; the two others go on, and no request is written twice. */
@Tag("once")
class ThreeBrokersTest {

  private static final String TOPIC = "runtracker-requests";
  private static final int BROKERS = 3;
  private static final int IN_A_ROUND = 1_000;

  @TempDir Path directory;

  @Test
  void each_request_is_in_the_topic_once_whichever_broker_dies() throws Exception {
    try (KafkaCluster cluster = KafkaCluster.start(directory.resolve("kafka"), BROKERS)) {
      cluster.createTopic(TOPIC, BROKERS);
      try (Tracker tracker = tracker(cluster)) {
        for (int broker = 1; broker <= BROKERS; broker++) {
          int first = (broker - 1) * IN_A_ROUND;
          serve(tracker, first, first + IN_A_ROUND / 2);
          cluster.kill(broker);
          serve(tracker, first + IN_A_ROUND / 2, first + IN_A_ROUND);
          assertThat(tracker.flush(Duration.ofMinutes(2)).isComplete())
              .as("%s", tracker.stats())
              .isTrue();
          cluster.restart(broker);
        }
      }
      assertThat(TopicReader.paths(cluster, TOPIC))
          .containsExactlyInAnyOrderElementsOf(
              IntStream.range(0, BROKERS * IN_A_ROUND).mapToObj(i -> "/" + i).toList());
    }
  }

  private Tracker tracker(KafkaCluster cluster) {
    return Tracker.builder()
        .environment(Map.of())
        .sink(
            KafkaSink.builder()
                .environment(Map.of())
                .bootstrapServers(cluster.bootstrapServers())
                .topic(TOPIC)
                .build())
        .spool(directory.resolve("spool"))
        .windowRows(50)
        .retryDelay(Duration.ofMillis(20))
        .maxRetryDelay(Duration.ofMillis(200))
        .shutdownHook(false)
        .build();
  }

  private static void serve(Tracker tracker, int from, int to) {
    for (int i = from; i < to; i++) {
      Service.open(tracker, "/" + i).end(200, null);
    }
  }
}
