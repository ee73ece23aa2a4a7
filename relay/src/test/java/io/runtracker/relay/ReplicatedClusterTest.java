// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.testkit.MlflowServer;
import io.runtracker.testkit.kafka.KafkaCluster;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three brokers, each with a copy of every partition: one is away, and nobody waits for it. */
class ReplicatedClusterTest {

  private static final Duration PATIENCE = Duration.ofMinutes(4);

  @TempDir Path directory;

  @Test
  void each_request_is_in_mlflow_once_whichever_of_three_brokers_is_killed_or_restarted()
      throws Exception {
    try (KafkaCluster cluster = KafkaCluster.start(directory.resolve("kafka"), 3);
        Topic topic = new Topic(cluster, 3, MlflowServer.shared().uri())) {
      Map<String, String> environment = topic.environment("WINDOW");
      try (RelayProcess one = RelayProcess.start(environment, directory.resolve("1.log"));
          RelayProcess other = RelayProcess.start(environment, directory.resolve("2.log"))) {
        for (int node = 1; node <= cluster.size(); node++) {
          topic.serveSlowly(300);
          cluster.kill(node);
          allIsWritten(topic, 300); // by those that are left
          cluster.restart(node);
          topic.serveSlowly(300);
          cluster.stop(node);
          topic.serveSlowly(300);
          cluster.restart(node);
        }
        allIsWritten(topic, 300);
        assertThat(one.log() + other.log()).doesNotContain("Exception in thread");
      }
    }
  }

  private static void allIsWritten(Topic topic, int more) throws InterruptedException {
    topic.serveSlowly(more);
    topic.flush();
    topic.awaitAll(PATIENCE);
  }
}
