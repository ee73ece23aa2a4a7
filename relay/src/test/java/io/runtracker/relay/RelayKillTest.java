// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import static org.awaitility.Awaitility.await;

import io.runtracker.testkit.MlflowServer;
import io.runtracker.testkit.kafka.KafkaCluster;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Relays are killed, frozen and ended while they write; each request is in MLflow once. */
@Tag("once")
class RelayKillTest {

  /** {@code -Drelay.kills=50} makes it a long one. */
  private static final int KILLS = Integer.getInteger("relay.kills", 1);

  private static final int FREEZES = Integer.getInteger("relay.freezes", 1);
  private static final int CHANGES = Integer.getInteger("relay.changes", 1);
  private static final int SEED = Integer.getInteger("relay.seed", 7);

  private static final Duration PATIENCE = Duration.ofMinutes(4);

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
        topic.awaitAll(PATIENCE);
      } finally {
        relays[0].close();
        relays[1].close();
      }
    }
  }

  /** Each takes longer than a session, so one is enough where it is not asked for more. */
  static Stream<String> formsToFreeze() {
    return FREEZES > 1 ? Stream.of("WINDOW", "AUTO") : Stream.of("WINDOW");
  }

  @ParameterizedTest
  @MethodSource("formsToFreeze")
  void each_request_is_in_mlflow_once_though_a_relay_sleeps_longer_than_its_session(String trackAs)
      throws Exception {
    try (Topic topic = new Topic(cluster, 3, MlflowServer.shared().uri());
        RelayProcess one = relay(topic.environment(trackAs), 2);
        RelayProcess other = relay(topic.environment(trackAs), 3)) {
      RelayProcess[] relays = {one, other};
      for (int freeze = 0; freeze < FREEZES; freeze++) {
        topic.serveSlowly(500);
        int before = topic.written().size();
        await().atMost(Duration.ofMinutes(1)).until(() -> topic.written().size() > before);
        topic.serveSlowly(200);
        relays[freeze % 2].freeze();
        topic.serveSlowly(300); // written by the other, behind what it looks up
        topic.flush();
        int served = topic.served();
        await()
            .atMost(Duration.ofMinutes(3))
            .pollInterval(Duration.ofSeconds(1))
            .until(() -> topic.written().size() == served);
        topic.serveSlowly(100);
        relays[freeze % 2].thaw();
      }
      topic.flush();
      topic.awaitAll(PATIENCE);
    }
  }

  @Test
  void each_request_is_in_mlflow_once_while_relays_come_and_go() throws Exception {
    try (Topic topic = new Topic(cluster, 4, MlflowServer.shared().uri())) {
      Map<String, String> environment = topic.environment("WINDOW");
      environment.put("RUNTRACKER_LOOKUP_DELAY", "10m"); // so nothing may be left to be looked up
      RelayProcess old = relay(environment, 4);
      try {
        for (int change = 0; change < CHANGES; change++) {
          topic.serveSlowly(300);
          int before = topic.written().size();
          await().atMost(Duration.ofMinutes(1)).until(() -> topic.written().size() > before);
          RelayProcess leaving = old;
          old = relay(environment, 5 + change);
          RelayProcess fresh = old;
          try (leaving) {
            topic.serveSlowly(500); // while partitions move
            await().atMost(Duration.ofMinutes(1)).until(() -> fresh.log().contains("from offset"));
            topic.serveSlowly(200);
            leaving.stop();
          }
        }
        topic.flush();
        topic.awaitAll(PATIENCE);
      } finally {
        old.close();
      }
    }
  }
}
