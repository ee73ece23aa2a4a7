// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.internal.log.FailPoint;
import io.runtracker.internal.stage.RateLimitedLog;
import io.runtracker.mlflow.MlflowSink;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CommitsTest {

  private static final TopicPartition PARTITION = new TopicPartition("requests", 0);

  private final Lease lease = new Lease(TimeUnit.MINUTES.toMillis(10));
  private final Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
  private final MockConsumer<byte[], byte[]> consumer =
      new MockConsumer<>("none") {
        @Override
        public synchronized void commitSync(
            Map<TopicPartition, OffsetAndMetadata> offsets, Duration timeout) {
          committed.putAll(offsets);
        }
      };
  private final Commits commits = new Commits(consumer, "broker:9092", lease, new RateLimitedLog());
  private final Map<String, String> environment =
      Map.of(
          "RUNTRACKER_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9",
          "MLFLOW_TRACKING_URI", "http://127.0.0.1:9");
  private final RelaySettings settings = new RelaySettings(environment);
  private final Rejected rejected = new Rejected(settings.producer(), "rejected");
  private final MlflowSink mlflow = MlflowSink.fromEnvironment(environment);
  private final PartitionLine line =
      PartitionLine.start(
          PARTITION,
          PartitionState.startingAt(5, "id"),
          "cluster",
          2,
          new PartitionLine.Surroundings(
              settings, mlflow, rejected, consumer::wakeup, FailPoint.NOBODY));

  @BeforeEach
  void loseLease() {
    lease.renewed(System.nanoTime() - TimeUnit.MINUTES.toNanos(10));
  }

  @AfterEach
  void close() {
    line.close();
    rejected.close();
    mlflow.close();
  }

  @Test
  void a_commit_that_the_cluster_takes_is_a_proof_of_membership() {
    commits.makeAll(List.of(line));
    assertThat(committed.get(PARTITION).offset()).isEqualTo(5);
    assertThat(lease.leftNanos()).isPositive();
  }

  @Test
  void what_is_too_much_for_a_commit_leaves_the_one_before_which_proves_membership_again() {
    byte[] tooLong = new byte[8000];
    new Random(1).nextBytes(tooLong);
    line.memory.snapshotFrom(() -> List.of(tooLong));
    commits.makeAll(List.of(line));
    assertThat(committed.get(PARTITION)).isEqualTo(line.memory.lastCommitted());
    assertThat(lease.leftNanos()).isPositive();
  }

  @Test
  void a_commit_of_nothing_proves_nothing() {
    commits.makeAll(List.of());
    assertThat(lease.leftNanos()).isNegative();
  }
}
