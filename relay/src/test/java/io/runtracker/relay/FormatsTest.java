// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.runtracker.Metric;
import io.runtracker.RequestEvent;
import io.runtracker.RequestTarget;
import io.runtracker.kafka.KafkaFormat;
import io.runtracker.kafka.KafkaSink;
import io.runtracker.sink.BatchWriter;
import io.runtracker.sink.EncodedEvent;
import io.runtracker.sink.RequestBatch;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import io.runtracker.testkit.RecordedRun;
import io.runtracker.testkit.kafka.KafkaCluster;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One topic with requests in both formats: a real relay reads it, and writes a real MLflow. */
class FormatsTest {

  private static final String TOPIC = "runtracker-requests";
  private static final String REJECTED = TOPIC + "-rejected";
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final String LATER = "{\"version\":2,\"event_id\":\"s-1\"}";
  private static final MlflowRuns RUNS = MlflowRuns.of(MlflowServer.shared());
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir static Path directory;
  private static KafkaCluster cluster;

  /**
   * The same request twice, but for its id: first as bytes, then as JSON; and then what is none.
   */
  @BeforeAll
  static void writeTopic() throws Exception {
    cluster = KafkaCluster.start(directory, 1);
    cluster.createTopic(TOPIC, 1);
    cluster.createTopic(REJECTED, 1);
    write(KafkaFormat.BYTES, 1);
    write(KafkaFormat.JSON, 2);
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", cluster.bootstrapServers()),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      producer.send(new ProducerRecord<>(TOPIC, LATER.getBytes(UTF_8))).get();
    }
  }

  @AfterAll
  static void stopCluster() {
    cluster.close();
  }

  private static void write(KafkaFormat format, long number) throws Exception {
    RequestTarget target = new RequestTarget("http", "shop.example", 8080, "/orders/7", "q=\"é\"");
    RequestEvent event =
        RequestEvent.builder("0123456789abcdef", number, "POST", target)
            .route("/orders/{id}")
            .statusCode(503)
            .timing(1_700_000_000_123L, 1_234_567)
            .error("java.lang.IllegalStateException", "no \"room\"\nleft")
            .tag("user", "Änna 😀")
            .param("model", "m1")
            .text("answer.txt", "line 1\nline 2\n")
            .metric(new Metric("loss", 0.5, 1_700_000_000_200L, 1))
            .metric(new Metric("loss", 0.25, 1_700_000_000_300L, 2))
            .build();
    KafkaSink sink =
        KafkaSink.builder()
            .environment(Map.of())
            .bootstrapServers(cluster.bootstrapServers())
            .format(format)
            .build();
    try (BatchWriter writer = sink.open(format.name())) {
      RequestBatch.Entry entry = new RequestBatch.Entry(1, EncodedEvent.of(event));
      writer.write(new RequestBatch(List.of(entry), 1));
    }
  }

  /** What an experiment of its own has, once all of the topic is settled. */
  private static List<RecordedRun> relayed(String trackAs) throws Exception {
    String experiment = "formats-" + System.nanoTime();
    Map<String, String> environment = new HashMap<>();
    environment.put("RUNTRACKER_KAFKA_BOOTSTRAP_SERVERS", cluster.bootstrapServers());
    environment.put("RUNTRACKER_KAFKA_GROUP_ID", experiment);
    environment.put("MLFLOW_TRACKING_URI", MlflowServer.shared().uri().toString());
    environment.put("MLFLOW_EXPERIMENT_NAME", experiment);
    environment.put("RUNTRACKER_TRACK_AS", trackAs);
    environment.put("RUNTRACKER_WINDOW_AGE", "1s");
    environment.put("PORT", "0");
    try (Relay relay = new Relay(environment)) {
      await()
          .atMost(LONG)
          .untilAsserted(
              () ->
                  assertThat(RelayTest.get(relay, "/ledger"))
                      .contains("\"delivered\": 2,", "\"DAMAGED\": 1"));
    }
    return RUNS.search(RUNS.experimentId(experiment).orElseThrow());
  }

  private static List<ConsumerRecord<byte[], byte[]>> read(String topic, int count) {
    List<ConsumerRecord<byte[], byte[]>> found = new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                cluster.bootstrapServers(),
                "isolation.level",
                "read_committed"),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      Set<TopicPartition> partitions = Set.of(new TopicPartition(topic, 0));
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      await()
          .atMost(LONG)
          .until(
              () -> {
                consumer.poll(Duration.ofMillis(100)).forEach(found::add);
                return found.size() >= count;
              });
    }
    return found;
  }

  @Test
  void a_request_makes_the_same_run_from_either() throws Exception {
    List<RecordedRun> runs = relayed("RUN");
    assertThat(runs).hasSize(2);
    RecordedRun first = runs.get(0);
    RecordedRun second = runs.get(1);
    assertThat(withoutIds(second.tags())).isEqualTo(withoutIds(first.tags()));
    assertThat(second)
        .usingRecursiveComparison()
        .ignoringFields("runId", "tags", "artifactUri")
        .isEqualTo(first);
    assertThat(first.params()).containsEntry("model", "m1");
    assertThat(RUNS.metricHistory(first.runId(), "loss")).hasSize(2);
    assertThat(RUNS.metricHistory(second.runId(), "loss"))
        .isEqualTo(RUNS.metricHistory(first.runId(), "loss"));
    assertThat(RUNS.artifacts(first.runId())).contains("answer.txt", "error_details.txt");
    assertThat(RUNS.artifacts(second.runId())).isEqualTo(RUNS.artifacts(first.runId()));
    for (String file : RUNS.artifacts(first.runId())) {
      assertThat(RUNS.artifact(second.runId(), file)).isEqualTo(RUNS.artifact(first.runId(), file));
    }
  }

  private static Map<String, String> withoutIds(Map<String, String> tags) {
    Map<String, String> others = new HashMap<>(tags);
    assertThat(others.remove("runtracker.event_id")).startsWith("0123456789abcdef-");
    return others;
  }

  @Test
  void a_request_makes_the_same_row_from_either_and_the_row_has_the_values_of_the_json()
      throws Exception {
    List<JsonNode> rows = new ArrayList<>();
    for (RecordedRun run : relayed("WINDOW")) {
      if ("window".equals(run.tags().get("runtracker.kind"))) {
        for (String line : RUNS.artifact(run.runId(), "requests.jsonl").strip().split("\n")) {
          rows.add(MAPPER.readTree(line));
        }
      }
    }
    assertThat(rows).hasSize(2);
    ObjectNode first = (ObjectNode) rows.get(0);
    ObjectNode second = (ObjectNode) rows.get(1);
    JsonNode json = MAPPER.readTree(read(TOPIC, 2).get(1).value());
    assertThat(second.properties()).isSubsetOf(json.properties());
    assertThat(second.remove("event_id").asText()).isEqualTo("0123456789abcdef-2");
    first.remove(List.of("event_id", "name")); // the first row names what none has
    assertThat(second).isEqualTo(first);
  }

  @Test
  void what_a_later_version_forbids_to_read_is_set_aside_as_it_came_with_the_reason()
      throws Exception {
    relayed("WINDOW");
    ConsumerRecord<byte[], byte[]> rejected = read(REJECTED, 1).get(0);
    assertThat(new String(rejected.value(), UTF_8)).isEqualTo(LATER);
    assertThat(new String(rejected.headers().lastHeader("runtracker.reason").value(), UTF_8))
        .contains("DAMAGED", "unknown version 2");
  }
}
