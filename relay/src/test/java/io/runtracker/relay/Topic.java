// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.RequestTarget;
import io.runtracker.Tracker;
import io.runtracker.adapter.OpenRequest;
import io.runtracker.kafka.KafkaSink;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.RecordedRun;
import io.runtracker.testkit.kafka.KafkaCluster;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * A topic, a service that writes it, and the experiment that relays are to write it to. The path of
 * a request is its number.
 */
final class Topic implements AutoCloseable {

  /** The balance where each request is in MLflow once. */
  static final String WHOLE = "missing 0, twice 0, unfinished 0";

  private static final Pattern URL = Pattern.compile("\"url\":\\s*\"([^\"]*)\"");

  final String name = "requests-" + UUID.randomUUID();
  final String experiment = "relay-" + UUID.randomUUID();
  private final KafkaCluster cluster;
  private final URI mlflow;
  private final int partitions;
  private final Tracker service;
  private int served;

  Topic(KafkaCluster cluster, int partitions, URI mlflow) throws InterruptedException {
    this.cluster = cluster;
    this.mlflow = mlflow;
    this.partitions = partitions;
    cluster.createTopic(name, partitions);
    cluster.createTopic(name + "-rejected", 1);
    this.service =
        Tracker.builder()
            .environment(Map.of())
            .sink(
                KafkaSink.builder()
                    .environment(Map.of())
                    .bootstrapServers(cluster.bootstrapServers())
                    .topic(name)
                    .property("metadata.max.age.ms", "1000") // sees partitions that are added
                    .build())
            .windowRows(100)
            .windowAge(Duration.ofMillis(50))
            .shutdownHook(false)
            .build();
  }

  /** What a relay of this topic is to be started with. */
  Map<String, String> environment(String trackAs) {
    Map<String, String> environment = new HashMap<>();
    environment.put("RUNTRACKER_KAFKA_BOOTSTRAP_SERVERS", cluster.bootstrapServers());
    environment.put("RUNTRACKER_KAFKA_TOPIC", name);
    environment.put("RUNTRACKER_KAFKA_GROUP_ID", group());
    environment.put("RUNTRACKER_KAFKA_SESSION_TIMEOUT_MS", "6000");
    environment.put("RUNTRACKER_KAFKA_HEARTBEAT_INTERVAL_MS", "1000");
    environment.put("RUNTRACKER_KAFKA_METADATA_MAX_AGE_MS", "1000");
    environment.put("MLFLOW_TRACKING_URI", mlflow.toString());
    environment.put("MLFLOW_EXPERIMENT_NAME", experiment);
    environment.put("RUNTRACKER_TRACK_AS", trackAs);
    environment.put("RUNTRACKER_WINDOW_AGE", "500ms");
    environment.put("RUNTRACKER_WINDOW_ROWS", "150");
    environment.put("RUNTRACKER_LOOKUP_DELAY", "1s");
    environment.put("RUNTRACKER_AUTO_THRESHOLD", "1s");
    environment.put("PORT", "0");
    return environment;
  }

  /** Serves some more, of which one in 33 fails. */
  void serve(int count) {
    for (int i = 0; i < count; i++) {
      OpenRequest request =
          service.open("GET", new RequestTarget("http", "shop.example", 8080, "/" + served, null));
      if (request == null) {
        throw new IllegalStateException("not tracked");
      }
      request.end(served % 33 == 32 ? 500 : 200, null);
      served++;
    }
  }

  /** Serves one whose handler logs a text into its run. */
  void serveOneThatLogs(String text) {
    OpenRequest request =
        service.open("GET", new RequestTarget("http", "shop.example", 8080, "/" + served, null));
    if (request == null) {
      throw new IllegalStateException("not tracked");
    }
    request.param("logged", text);
    request.end(200, null);
    served++;
  }

  /** As {@link #serve}, a few at a time, as a service does for a while. */
  void serveSlowly(int count) throws InterruptedException {
    for (int left = count; left > 0; left -= 20) {
      serve(Math.min(20, left));
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  /** Waits until all that was served is in the topic. */
  void flush() {
    if (!service.flush(Duration.ofMinutes(1)).isComplete()) {
      throw new IllegalStateException("not all is in the topic");
    }
  }

  int served() {
    return served;
  }

  /** Deletes it, and creates one of the same name with the same number of partitions. */
  void createAnew(Map<String, String> settings) throws Exception {
    delete();
    create(settings);
  }

  void delete() throws Exception {
    try (Admin admin = admin()) {
      admin.deleteTopics(List.of(name)).all().get();
    }
  }

  void create(Map<String, String> settings) {
    try (Admin admin = admin()) {
      await().ignoreExceptions().until(() -> isCreated(admin, settings));
    }
  }

  private boolean isCreated(Admin admin, Map<String, String> settings) throws Exception {
    NewTopic topic = new NewTopic(name, partitions, (short) 1).configs(settings);
    admin.createTopics(List.of(topic)).all().get();
    return true;
  }

  private Admin admin() {
    return Admin.create(Map.of("bootstrap.servers", cluster.bootstrapServers()));
  }

  /** Behind its last record. */
  long end(TopicPartition partition) throws Exception {
    try (Admin admin = admin()) {
      return admin
          .listOffsets(Map.of(partition, OffsetSpec.latest()))
          .partitionResult(partition)
          .get()
          .offset();
    }
  }

  String group() {
    return name + "-relays";
  }

  /** What the relays' group knows of a partition; 0 where it knows nothing. */
  OffsetAndMetadata committed(TopicPartition partition) throws Exception {
    try (Admin admin = admin()) {
      OffsetAndMetadata known =
          admin
              .listConsumerGroupOffsets(group())
              .partitionsToOffsetAndMetadata()
              .get()
              .get(partition);
      return known == null ? new OffsetAndMetadata(0, "") : known;
    }
  }

  /** As an operator does, while the group has no members. */
  void commit(TopicPartition partition, OffsetAndMetadata what) throws Exception {
    try (Admin admin = admin()) {
      await()
          .ignoreExceptions()
          .until(
              () ->
                  admin.alterConsumerGroupOffsets(group(), Map.of(partition, what)).all().get()
                      == null);
    }
  }

  /** What was set aside. */
  List<ConsumerRecord<byte[], byte[]>> rejected() {
    List<ConsumerRecord<byte[], byte[]>> all = new ArrayList<>();
    TopicPartition partition = new TopicPartition(name + "-rejected", 0);
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", cluster.bootstrapServers()),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer())) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end) {
        consumer.poll(Duration.ofMillis(100)).forEach(all::add);
      }
    }
    return all;
  }

  /** How often each number is in MLflow, in runs that are complete. */
  Map<Integer, Integer> written() {
    MlflowRuns runs = MlflowRuns.at(mlflow);
    Map<Integer, Integer> times = new HashMap<>();
    String id = runs.experimentId(experiment).orElse(null);
    if (id == null) {
      return times;
    }
    for (RecordedRun run : runs.search(id)) {
      for (String url : urls(runs, run)) {
        times.merge(Integer.parseInt(url.substring(url.lastIndexOf('/') + 1)), 1, Integer::sum);
      }
    }
    return times;
  }

  private static List<String> urls(MlflowRuns runs, RecordedRun run) {
    String kind = run.tags().getOrDefault("runtracker.kind", "request");
    List<String> urls = new ArrayList<>();
    if (run.status().equals("RUNNING") || kind.equals("day")) {
      return urls;
    }
    if (kind.equals("window")) {
      Matcher found = URL.matcher(runs.artifact(run.runId(), "requests.jsonl"));
      while (found.find()) {
        urls.add(found.group(1));
      }
    } else {
      urls.add(run.tags().get("http.url"));
    }
    return urls;
  }

  /** Waits until each request that was served is in MLflow once. */
  void awaitAll(Duration patience) {
    await()
        .atMost(patience)
        .pollInterval(Duration.ofSeconds(1))
        .untilAsserted(
            () -> {
              assertThat(written()).hasSize(served());
              assertThat(balance()).isEqualTo(WHOLE);
            });
  }

  /** Such as {@code missing 0, twice 0, unfinished 0}. */
  String balance() {
    Map<Integer, Integer> times = written();
    long missing = 0;
    for (int i = 0; i < served; i++) {
      missing += times.containsKey(i) ? 0 : 1;
    }
    long twice = times.values().stream().filter(count -> count > 1).count();
    return "missing " + missing + ", twice " + twice + ", unfinished " + unfinished();
  }

  private long unfinished() {
    MlflowRuns runs = MlflowRuns.at(mlflow);
    return runs.experimentId(experiment)
        .map(
            id ->
                runs.search(id).stream()
                    .filter(run -> run.status().equals("RUNNING"))
                    .filter(run -> !"day".equals(run.tags().get("runtracker.kind")))
                    .count())
        .orElse(0L);
  }

  @Override
  public void close() {
    service.close();
  }
}
