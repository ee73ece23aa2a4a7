// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.RequestTarget;
import io.runtracker.Tracker;
import io.runtracker.adapter.OpenRequest;
import io.runtracker.kafka.KafkaSink;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import io.runtracker.testkit.kafka.KafkaCluster;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A service writes a real topic, a relay reads it and writes a real MLflow. */
class RelayTest {

  private static final String TOPIC = "runtracker-requests";

  @TempDir Path directory;

  private static Map<String, String> environment(
      KafkaCluster cluster, String experiment, String trackAs) {
    Map<String, String> environment = new HashMap<>();
    environment.put("RUNTRACKER_KAFKA_BOOTSTRAP_SERVERS", cluster.bootstrapServers());
    environment.put("MLFLOW_TRACKING_URI", MlflowServer.shared().uri().toString());
    environment.put("MLFLOW_EXPERIMENT_NAME", experiment);
    environment.put("RUNTRACKER_TRACK_AS", trackAs);
    environment.put("RUNTRACKER_WINDOW_AGE", "1s");
    environment.put("PORT", "0");
    return environment;
  }

  private static void serve(KafkaCluster cluster, int count) {
    try (Tracker tracker =
        Tracker.builder()
            .environment(Map.of())
            .sink(
                KafkaSink.builder()
                    .environment(Map.of())
                    .bootstrapServers(cluster.bootstrapServers())
                    .build())
            .shutdownHook(false)
            .build()) {
      for (int i = 0; i < count; i++) {
        OpenRequest request =
            tracker.open("GET", new RequestTarget("http", "shop.example", 8080, "/" + i, null));
        assertThat(request).isNotNull();
        request.end(200, null);
      }
      assertThat(tracker.flush(Duration.ofMinutes(1)).isComplete()).isTrue();
    }
  }

  static String get(Relay relay, String path) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + relay.port() + path);
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
        .body();
  }

  @Test
  void each_request_of_the_topic_is_a_row_of_a_window() throws Exception {
    try (KafkaCluster cluster = KafkaCluster.start(directory.resolve("kafka"), 1)) {
      cluster.createTopic(TOPIC, 3);
      serve(cluster, 2000);
      String experiment = "relay-" + System.nanoTime();
      try (Relay relay = new Relay(environment(cluster, experiment, "WINDOW"))) {
        await()
            .atMost(Duration.ofMinutes(1))
            .until(() -> get(relay, "/ledger").contains("\"delivered\": 2000,"));
        assertThat(get(relay, "/metrics")).contains("runtracker_delivered_total 2000.0");
        assertThat(get(relay, "/health/ready")).isEqualTo("ok");
      }
      MlflowRuns runs = MlflowRuns.of(MlflowServer.shared());
      String id = runs.experimentId(experiment).orElseThrow();
      long rows =
          runs.search(id).stream()
              .map(run -> run.tags().get("runtracker.window.requests"))
              .filter(Objects::nonNull)
              .mapToLong(Long::parseLong)
              .sum();
      assertThat(rows).isEqualTo(2000);
    }
  }

  @Test
  void a_request_has_a_run_of_its_own_and_the_next_relay_goes_on_where_this_one_ends()
      throws Exception {
    try (KafkaCluster cluster = KafkaCluster.start(directory.resolve("kafka"), 1)) {
      cluster.createTopic(TOPIC, 3);
      String experiment = "relay-" + System.nanoTime();
      serve(cluster, 40);
      try (Relay relay = new Relay(environment(cluster, experiment, "RUN"))) {
        await()
            .atMost(Duration.ofMinutes(1))
            .until(() -> get(relay, "/ledger").contains("\"delivered\": 40,"));
      }
      serve(cluster, 40);
      try (Relay relay = new Relay(environment(cluster, experiment, "RUN"))) {
        await()
            .atMost(Duration.ofMinutes(1))
            .until(() -> get(relay, "/ledger").contains("\"delivered\": 80,"));
      }
      MlflowRuns runs = MlflowRuns.of(MlflowServer.shared());
      String id = runs.experimentId(experiment).orElseThrow();
      assertThat(runs.search(id)).hasSize(80);
    }
  }
}
