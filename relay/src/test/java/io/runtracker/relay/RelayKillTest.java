// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.testkit.MlflowServer;
import io.runtracker.testkit.kafka.KafkaCluster;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Relays are killed, frozen and ended while they write; each request is in MLflow once. */
@Tag("once")
class RelayKillTest {

  private static final String WHOLE = "missing 0, twice 0, unfinished 0";

  /** {@code -Drelay.kills=50} makes it a long one. */
  private static final int KILLS = Integer.getInteger("relay.kills", 4);

  private static final int SEED = Integer.getInteger("relay.seed", 7);

  @TempDir static Path directory;
  private static KafkaCluster cluster;

  @BeforeAll
  static void startCluster() throws Exception {
    cluster = KafkaCluster.start(directory.resolve("kafka"), 1);
  }

  @AfterAll
  static void stopCluster() {
    cluster.close();
  }

  private static RelayProcess relay(Map<String, String> environment, int number) throws Exception {
    return RelayProcess.start(environment, directory.resolve("relay-" + number + ".log"));
  }

  private static void awaitAll(Topic topic) {
    await()
        .atMost(Duration.ofMinutes(3))
        .pollInterval(Duration.ofSeconds(1))
        .until(() -> topic.written().size(), count -> count == topic.served());
    await()
        .atMost(Duration.ofMinutes(1))
        .pollInterval(Duration.ofSeconds(1))
        .untilAsserted(() -> assertThat(topic.balance()).isEqualTo(WHOLE));
  }

  @ParameterizedTest
  @ValueSource(strings = {"WINDOW", "AUTO"})
  void each_request_is_in_mlflow_once_whichever_of_two_relays_is_killed(String trackAs)
      throws Exception {
    Random random = new Random(SEED);
    try (Topic topic = new Topic(cluster, 3, MlflowServer.shared().uri())) {
      Map<String, String> environment = topic.environment(trackAs);
      RelayProcess[] relays = {relay(environment, 0), relay(environment, 1)};
      try {
        for (int kill = 0; kill < KILLS; kill++) {
          int before = topic.written().size();
          topic.serveSlowly(500);
          await().atMost(Duration.ofMinutes(1)).until(() -> topic.written().size() > before);
          topic.serveSlowly(200);
          TimeUnit.MILLISECONDS.sleep(random.nextInt(500)); // somewhere in a window
          relays[kill % 2].kill();
          relays[kill % 2] = relay(environment, kill % 2);
        }
        topic.flush();
        awaitAll(topic);
      } finally {
        relays[0].close();
        relays[1].close();
      }
    }
  }
}
