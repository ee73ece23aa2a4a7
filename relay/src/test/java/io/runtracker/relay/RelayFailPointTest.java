// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.internal.log.FailPoint;
import io.runtracker.testkit.MlflowServer;
import io.runtracker.testkit.kafka.KafkaCluster;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A relay dies at a point of the line, and so does the next one, which has to look up what the one
 * before has planned. {@code -Drelay.points=all} has them die at each.
 */
@Tag("once")
class RelayFailPointTest {

  private static final Duration PATIENCE = Duration.ofMinutes(3);

  /** Those between which MLflow or Kafka changes. */
  private static final Set<FailPoint> DEADLIEST =
      EnumSet.of(FailPoint.AFTER_CREATE, FailPoint.AFTER_COMPLETE);

  private static final Set<FailPoint> ALL =
      EnumSet.of(
          FailPoint.BEFORE_ROUTE,
          FailPoint.AFTER_ROUTE,
          FailPoint.BEFORE_SENDER,
          FailPoint.BEFORE_PLAN,
          FailPoint.AFTER_PLAN,
          FailPoint.BEFORE_CREATE,
          FailPoint.AFTER_CREATE,
          FailPoint.BEFORE_FIND,
          FailPoint.AFTER_FIND,
          FailPoint.BEFORE_CREATED,
          FailPoint.AFTER_CREATED,
          FailPoint.BEFORE_COMPLETE,
          FailPoint.AFTER_COMPLETE,
          FailPoint.BEFORE_SETTLE,
          FailPoint.AFTER_SETTLE);

  @TempDir Path directory;

  private static Set<FailPoint> points() {
    return System.getProperty("relay.points", "").equals("all") ? ALL : DEADLIEST;
  }

  @ParameterizedTest
  @ValueSource(strings = {"WINDOW", "RUN"})
  void each_request_is_in_mlflow_once_at_whichever_point_a_relay_dies(String trackAs)
      throws Exception {
    Path log = directory.resolve("relays.log");
    Set<FailPoint> reached = EnumSet.noneOf(FailPoint.class);
    try (KafkaCluster cluster = KafkaCluster.start(directory.resolve("kafka"), 1);
        Topic topic = new Topic(cluster, 2, MlflowServer.shared().uri())) {
      Map<String, String> environment = topic.environment(trackAs);
      // The next one has the partitions of the one before without waiting for its session to end.
      environment.put("RUNTRACKER_KAFKA_GROUP_INSTANCE_ID", "relay-" + UUID.randomUUID());
      for (FailPoint point : points()) {
        topic.serve(60);
        topic.flush();
        try (RelayProcess relay = RelayProcess.startToDieAt(point, 1, environment, log)) {
          if (relay.hasDied(Duration.ofSeconds(30))) {
            reached.add(point);
          }
        }
      }
      topic.serve(60);
      topic.flush();
      try (RelayProcess last = RelayProcess.start(environment, log)) {
        topic.awaitAll(PATIENCE);
      }
    }
    assertThat(reached).containsExactlyElementsOf(points());
  }
}
