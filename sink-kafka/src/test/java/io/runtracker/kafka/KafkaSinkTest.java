// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.runtracker.DropReason;
import io.runtracker.Ledger;
import io.runtracker.RequestEvent;
import io.runtracker.Tracker;
import io.runtracker.sink.BatchWriter;
import io.runtracker.sink.EncodedEvent;
import io.runtracker.sink.RequestBatch;
import io.runtracker.sink.SinkException;
import io.runtracker.testkit.kafka.KafkaCluster;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/** Against a real broker. */
@Tag("once")
class KafkaSinkTest {

  private static final Duration LONG = Duration.ofMinutes(2);
  private static final String SOURCE = "0123456789abcdef";

  @TempDir static Path clusterDirectory;
  private static KafkaCluster cluster;

  @TempDir Path spool;
  private String topic = "";

  @BeforeAll
  static void startCluster() throws Exception {
    cluster = KafkaCluster.start(clusterDirectory, 1);
  }

  @AfterAll
  static void stopCluster() {
    cluster.close();
  }

  @BeforeEach
  void createTopic(TestInfo test) throws Exception {
    topic = test.getTestMethod().orElseThrow().getName();
    cluster.createTopic(topic, 3);
  }

  private KafkaSink.Builder sink(String name) {
    return KafkaSink.builder()
        .environment(Map.of())
        .bootstrapServers(cluster.bootstrapServers())
        .topic(name)
        .property("max.block.ms", "2000")
        .property("request.timeout.ms", "500")
        .property("delivery.timeout.ms", "1000");
  }

  private Tracker.Builder tracker() {
    return tracker(sink(topic).build());
  }

  private static Tracker.Builder tracker(KafkaSink sink) {
    return Tracker.builder()
        .environment(Map.of())
        .sink(sink)
        .windowRows(100)
        .retryDelay(Duration.ofMillis(20))
        .maxRetryDelay(Duration.ofMillis(200))
        .shutdownHook(false);
  }

  private static void serve(Tracker tracker, int from, int to) {
    for (int i = from; i < to; i++) {
      Service.open(tracker, "/" + i).end(200, null);
    }
  }

  private static List<String> paths(int from, int to) {
    return IntStream.range(from, to).mapToObj(i -> "/" + i).toList();
  }

  private void assertEachOnce(int from, int to) {
    assertThat(TopicReader.paths(cluster, topic))
        .containsExactlyInAnyOrderElementsOf(paths(from, to));
  }

  @Test
  void each_request_is_one_record_with_its_id_in_a_header_and_no_key() {
    try (Tracker tracker = tracker().build()) {
      Service.open(tracker, "/orders").tag("user", "anna").metric("rows", 3, 0).end(503, null);
      assertThat(tracker.flush(LONG).isComplete()).isTrue();
    }
    ConsumerRecord<byte[], byte[]> record = TopicReader.read(cluster, topic).get(0);
    RequestEvent event = TopicReader.decoded(record.value());
    assertThat(event.tags()).containsEntry("user", "anna");
    assertThat(event.statusCode()).isEqualTo(503);
    assertThat(record.key()).isNull();
    assertThat(new String(record.headers().lastHeader(KafkaSink.EVENT_ID).value(), UTF_8))
        .isEqualTo(event.eventId());
  }

  @Test
  void for_other_programs_each_record_is_an_object_of_json_without_secrets() {
    try (Tracker tracker = tracker(sink(topic).format(KafkaFormat.JSON).build()).build()) {
      Service.open(tracker, "/orders;token=s3cret").tag("user", "anna").end(503, null);
      assertThat(tracker.flush(LONG).isComplete()).isTrue();
    }
    ConsumerRecord<byte[], byte[]> record = TopicReader.read(cluster, topic).get(0);
    assertThat(new String(record.value(), UTF_8))
        .startsWith("{\"version\":1,\"start_time\":\"2")
        .contains("\"status_code\":503,\"status\":\"FAILED\",", "\"tags\":{\"user\":\"anna\"},")
        .doesNotContain("s3cret")
        .endsWith("}");
    assertThat(new String(record.headers().lastHeader(KafkaSink.EVENT_ID).value(), UTF_8))
        .isEqualTo(TopicReader.decoded(record.value()).eventId());
  }

  @Test
  void many_requests_are_there_once_each_and_compressed() throws Exception {
    try (Tracker tracker = tracker().windowRows(1_000).build()) {
      serve(tracker, 0, 5_000);
      assertThat(tracker.flush(LONG).isComplete()).isTrue();
    }
    assertEachOnce(0, 5_000);
    long bytes =
        TopicReader.read(cluster, topic).stream()
            .mapToLong(ConsumerRecord::serializedValueSize)
            .sum();
    assertThat(bytesOnDisk()).isLessThan(bytes / 2);
  }

  private long bytesOnDisk() throws ExecutionException, InterruptedException {
    try (Admin admin = admin()) {
      return admin.describeLogDirs(List.of(1)).allDescriptions().get().get(1).values().stream()
          .flatMap(directory -> directory.replicaInfos().entrySet().stream())
          .filter(replica -> replica.getKey().topic().equals(topic))
          .mapToLong(replica -> replica.getValue().size())
          .sum();
    }
  }

  private static Admin admin() {
    return Admin.create(Map.of("bootstrap.servers", cluster.bootstrapServers()));
  }

  @Test
  void each_request_is_there_once_though_the_broker_is_killed() throws Exception {
    try (Tracker tracker = tracker().spool(spool).build()) {
      for (int round = 0; round < 3; round++) {
        serve(tracker, 1_000 * round, 1_000 * round + 500);
        cluster.kill(1);
        serve(tracker, 1_000 * round + 500, 1_000 * (round + 1));
        cluster.restart(1);
      }
      assertThat(tracker.flush(LONG).isComplete()).isTrue();
    }
    assertEachOnce(0, 3_000);
  }

  @Test
  void each_request_is_there_once_though_the_broker_answers_too_late() {
    try (Tracker tracker = tracker().build()) {
      for (int round = 0; round < 3; round++) {
        serve(tracker, 100 * round, 100 * round + 50);
        cluster.freeze(1);
        try {
          serve(tracker, 100 * round + 50, 100 * (round + 1));
          await().atMost(LONG).until(() -> tracker.stats().lastError() != null);
          long before = tracker.stats().retries();
          await().atMost(LONG).until(() -> tracker.stats().retries() > before);
        } finally {
          cluster.thaw(1);
        }
        assertThat(tracker.flush(LONG).isComplete()).isTrue();
      }
    }
    assertEachOnce(0, 300);
  }

  @Test
  void a_record_that_the_broker_does_not_take_is_set_aside_and_the_others_are_written()
      throws Exception {
    try (Admin admin = admin()) {
      ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
      AlterConfigOp small =
          new AlterConfigOp(
              new ConfigEntry("max.message.bytes", "20000"), AlterConfigOp.OpType.SET);
      admin.incrementalAlterConfigs(Map.of(resource, List.of(small))).all().get();
    }
    int served = 0;
    try (Tracker tracker = tracker().build()) {
      serve(tracker, 0, 50);
      Service.open(tracker, "/large").text("noise", noise()).end(200, null);
      served = 50;
      long deadline = System.nanoTime() + LONG.toNanos();
      while (tracker.stats().ledger().droppedTotal() == 0 && System.nanoTime() < deadline) {
        serve(tracker, served, served + 10); // only while others pass can anybody tell
        served += 10;
        tracker.flush(Duration.ofMillis(100));
      }
      Ledger ledger = tracker.flush(LONG);
      assertThat(ledger.dropped()).isEqualTo(Map.of(DropReason.REFUSED, 1L));
      assertThat(ledger.delivered()).isEqualTo(served);
    }
    assertEachOnce(0, served);
  }

  /** What no compression makes smaller. */
  private static String noise() {
    StringBuilder text = new StringBuilder();
    new Random(1).ints(60_000, 'A', 'z').forEach(c -> text.append((char) c));
    return text.toString();
  }

  @Test
  void where_the_topic_is_missing_it_says_so_and_goes_on_when_it_is_there() throws Exception {
    String late = topic + "-late";
    try (Tracker tracker = tracker(sink(late).build()).build()) {
      serve(tracker, 0, 10);
      await()
          .atMost(LONG)
          .untilAsserted(
              () -> assertThat(tracker.stats().lastError()).contains(late, "create the topic"));
      cluster.createTopic(late, 1);
      assertThat(tracker.flush(LONG).isComplete()).isTrue();
    }
    assertThat(TopicReader.paths(cluster, late)).containsExactlyInAnyOrderElementsOf(paths(0, 10));
  }

  @Test
  void two_that_take_each_other_for_dead_write_no_request_twice() throws Exception {
    try (BatchWriter first = sink(topic).build().open("shared");
        BatchWriter second = sink(topic).build().open("shared")) {
      for (int round = 0; round < 5; round++) {
        long start = 20 * round + 1;
        long[] positions = LongStream.range(start, start + 20).toArray();
        write(first, start, positions);
        write(second, start, positions);
        write(second, start + 20, start + 19); // by now it knows that all are settled
        write(first, 1, positions);
      }
    }
    assertEachOnce(1, 101);
  }

  /** As delivery does: until it passes. */
  private static void write(BatchWriter writer, long settledBelow, long... positions)
      throws InterruptedException {
    for (int tries = 0; ; tries++) {
      try {
        writer.write(Batches.of(SOURCE, settledBelow, positions));
        return;
      } catch (SinkException e) {
        assertThat(tries).as("%s", e).isLessThan(10);
        assertThat(e.kind()).isEqualTo(SinkException.Kind.UNAVAILABLE);
      }
    }
  }

  @Test
  void a_record_that_the_client_does_not_take_harms_no_batch_after_it() throws Exception {
    KafkaSink small = sink(topic).property("max.request.size", "20000").build();
    try (BatchWriter writer = small.open("small")) {
      RequestBatch bad = Batches.of(SOURCE, 1, 2, 3);
      RequestEvent large =
          RequestEvent.builder(SOURCE, 1, "GET", TopicReader.decoded(firstOf(bad)).target())
              .text("noise", noise())
              .build();
      RequestBatch withLarge =
          new RequestBatch(
              List.of(
                  new RequestBatch.Entry(1, EncodedEvent.of(large)),
                  bad.requests().get(0),
                  bad.requests().get(1)),
              1);
      assertThatThrownBy(() -> writer.write(withLarge))
          .isInstanceOfSatisfying(
              SinkException.class,
              e -> assertThat(e.kind()).isEqualTo(SinkException.Kind.TOO_LARGE));
      writer.write(bad);
    }
    assertEachOnce(2, 4);
  }

  private static byte[] firstOf(RequestBatch batch) {
    return batch.requests().get(0).event().toBytes();
  }

  @Test
  void no_thread_of_the_client_is_left_when_the_tracker_is_closed() {
    try (Tracker tracker = tracker().build()) {
      serve(tracker, 0, 10);
      assertThat(tracker.flush(LONG).isComplete()).isTrue();
      assertThat(clientThreads()).isNotEmpty();
    }
    assertThat(clientThreads()).isEmpty();
  }

  private static List<Thread> clientThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("kafka-"))
        .toList();
  }
}
