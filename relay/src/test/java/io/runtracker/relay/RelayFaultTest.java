// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.internal.log.FailPoint;
import io.runtracker.testkit.Fault;
import io.runtracker.testkit.FaultProxy;
import io.runtracker.testkit.MlflowServer;
import io.runtracker.testkit.kafka.KafkaCluster;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of requests when the cluster, MLflow or what is in the topic is not as it was. */
@Tag("once")
class RelayFaultTest {

  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** Until all is written, and as long again until all of it is complete. */
  private static final Duration IN_ALL = PATIENCE.multipliedBy(2);

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

  private static Topic topic(int partitions) throws Exception {
    return new Topic(cluster, partitions, MlflowServer.shared().uri());
  }

  private static RelayProcess start(Map<String, String> environment) throws Exception {
    return RelayProcess.start(environment, directory.resolve(UUID.randomUUID() + ".log"));
  }

  private static String ledger(Relay relay) throws Exception {
    return get(relay.port(), "/ledger");
  }

  private static String get(int port, String path) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + port + path);
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
        .body();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private static KafkaProducer<byte[], byte[]> producer(Map<String, Object> more) {
    Map<String, Object> all = new HashMap<>(more);
    all.put("bootstrap.servers", cluster.bootstrapServers());
    return new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer());
  }

  private static Admin admin() {
    return Admin.create(Map.of("bootstrap.servers", cluster.bootstrapServers()));
  }

  @Test
  void each_request_is_in_mlflow_once_though_the_broker_was_killed_meanwhile() throws Exception {
    try (Topic topic = topic(3);
        RelayProcess relay = start(topic.environment("WINDOW"))) {
      topic.serveSlowly(500);
      await().atMost(PATIENCE).until(() -> !topic.written().isEmpty());
      topic.serveSlowly(300);
      cluster.kill(1);
      topic.serveSlowly(300);
      cluster.restart(1);
      topic.serveSlowly(300);
      topic.flush();
      topic.awaitAll(IN_ALL);
      assertThat(relay.log()).doesNotContain("Exception in thread");
    }
  }

  @Test
  void each_request_is_in_mlflow_once_though_the_broker_slept_longer_than_a_session()
      throws Exception {
    try (Topic topic = topic(3);
        RelayProcess one = start(topic.environment("WINDOW"));
        RelayProcess other = start(topic.environment("WINDOW"))) {
      topic.serveSlowly(500);
      await().atMost(PATIENCE).until(() -> !topic.written().isEmpty());
      topic.serveSlowly(300);
      cluster.freeze(1);
      topic.serveSlowly(300);
      await().pollDelay(Duration.ofSeconds(8)).until(() -> true); // a session is 6 s
      cluster.thaw(1);
      topic.serveSlowly(300);
      topic.flush();
      topic.awaitAll(IN_ALL);
      assertThat(one.log() + other.log()).doesNotContain("Exception in thread");
    }
  }

  /** Each has a run that is begun and cannot be completed; a commit holds the ids of some 80. */
  @Test
  void each_request_is_in_mlflow_once_though_a_quota_slows_services_and_relays_down()
      throws Exception {
    ClientQuotaEntity everyClient = new ClientQuotaEntity(defaultClient());
    try (Admin admin = admin();
        Topic topic = topic(3);
        RelayProcess relay = start(topic.environment("WINDOW"))) {
      setQuotas(admin, everyClient, 5_000.0);
      try {
        topic.serveSlowly(1_000);
        topic.flush();
        topic.awaitAll(IN_ALL);
      } finally {
        setQuotas(admin, everyClient, null);
      }
      assertThat(relay.log()).doesNotContain("WARN").doesNotContain("ERROR");
    }
  }

  private static Map<String, String> defaultClient() {
    Map<String, String> entity = new HashMap<>();
    entity.put(ClientQuotaEntity.CLIENT_ID, null);
    return entity;
  }

  /**
   * Has brokers slow each client down.
   *
   * @param bytes a second, of each direction; null for as many as there can be
   */
  private static void setQuotas(Admin admin, ClientQuotaEntity of, @Nullable Double bytes)
      throws Exception {
    List<ClientQuotaAlteration.Op> both =
        List.of(
            new ClientQuotaAlteration.Op("producer_byte_rate", bytes),
            new ClientQuotaAlteration.Op("consumer_byte_rate", bytes));
    admin.alterClientQuotas(List.of(new ClientQuotaAlteration(of, both))).all().get();
  }

  @Test
  void more_bad_requests_than_a_commit_can_hold_are_set_aside_while_the_others_pass()
      throws Exception {
    try (FaultProxy proxy = FaultProxy.inFrontOf(MlflowServer.shared().uri());
        Topic topic = new Topic(cluster, 1, proxy.uri())) {
      proxy.injectWhere("poison", Fault.answer(500));
      for (int i = 0; i < 150; i++) {
        topic.serveOneThatLogs("poison");
      }
      topic.serve(100);
      topic.flush();
      Map<String, String> environment = topic.environment("RUN");
      environment.put("RUNTRACKER_MAX_RETRY_DELAY", "1s");
      environment.put("RUNTRACKER_MAX_TRIES", "3");
      try (RelayProcess relay = start(environment)) {
        await().atMost(IN_ALL).until(() -> serveOne(topic).rejected().size() == 150);
        await().atMost(PATIENCE).until(() -> topic.written().size() == topic.served() - 150);
        TopicPartition partition = new TopicPartition(topic.name, 0);
        await()
            .atMost(PATIENCE)
            .until(() -> topic.committed(partition).offset() == topic.end(partition));
      }
    }
  }

  private static Topic serveOne(Topic topic) {
    topic.serve(1);
    return topic;
  }

  @Test
  void each_request_is_in_mlflow_once_though_mlflow_was_killed_meanwhile() throws Exception {
    try (MlflowServer mlflow = MlflowServer.start(MlflowServer.Options.plain());
        Topic topic = new Topic(cluster, 3, mlflow.uri())) {
      Map<String, String> environment = topic.environment("AUTO");
      environment.put("RUNTRACKER_MAX_RETRY_DELAY", "1s");
      environment.put("RUNTRACKER_MAX_TRIES", "3");
      try (RelayProcess relay = start(environment)) {
        topic.serveSlowly(500);
        await().atMost(PATIENCE).until(() -> !topic.written().isEmpty());
        topic.serveSlowly(200);
        mlflow.kill();
        topic.serveSlowly(300);
        mlflow.restart();
        topic.flush();
        topic.awaitAll(IN_ALL);
        assertThat(relay.log()).contains("MLflow");
      }
    }
  }

  @Test
  void what_cannot_be_read_is_set_aside_with_the_reason_and_the_partition_goes_on()
      throws Exception {
    try (Topic topic = topic(1);
        KafkaProducer<byte[], byte[]> producer = producer(Map.of())) {
      topic.serve(100);
      topic.flush();
      for (int i = 0; i < 300; i++) {
        producer.send(new ProducerRecord<>(topic.name, ("no request " + i).getBytes(UTF_8)));
      }
      producer.send(new ProducerRecord<>(topic.name, null));
      producer.flush();
      topic.serve(100);
      topic.flush();
      try (Relay relay = new Relay(topic.environment("WINDOW"))) {
        topic.awaitAll(IN_ALL);
        await().atMost(PATIENCE).until(() -> ledger(relay).contains("\"DAMAGED\": 301"));
      }
      List<ConsumerRecord<byte[], byte[]>> rejected = topic.rejected();
      assertThat(rejected).hasSize(301);
      assertThat(rejected.get(0).headers().lastHeader("runtracker.reason").value())
          .asString(UTF_8)
          .startsWith("DAMAGED: ");
      assertThat(rejected.get(0).value()).asString(UTF_8).startsWith("no request ");
    }
  }

  @Test
  void good_requests_go_on_though_there_is_no_topic_for_what_is_set_aside() throws Exception {
    try (Topic topic = topic(1);
        KafkaProducer<byte[], byte[]> producer = producer(Map.of());
        Admin admin = admin()) {
      admin.deleteTopics(List.of(topic.name + "-rejected")).all().get();
      for (int i = 0; i < 50; i++) {
        producer.send(new ProducerRecord<>(topic.name, new byte[] {9, 9, 9}));
        topic.serve(10);
      }
      producer.flush();
      topic.flush();
      Map<String, String> environment = topic.environment("WINDOW");
      environment.put("RUNTRACKER_CLOSE_TIMEOUT", "1s"); // it never finishes
      try (Relay relay = new Relay(environment)) {
        topic.awaitAll(IN_ALL);
        await().atMost(PATIENCE).until(() -> ledger(relay).contains("\"waiting\": 50"));
      }
      admin.createTopics(List.of(new NewTopic(topic.name + "-rejected", 1, (short) 1))).all().get();
      try (Relay next = new Relay(environment)) { // a relay itself tries again after half a minute
        await().atMost(PATIENCE).until(() -> ledger(next).contains("\"DAMAGED\": 50"));
      }
      assertThat(topic.rejected()).hasSize(50);
    }
  }

  @Test
  void what_is_too_large_for_the_topic_of_those_set_aside_is_named_there_without_its_content()
      throws Exception {
    try (Topic topic = topic(1);
        KafkaProducer<byte[], byte[]> producer = producer(Map.of());
        Admin admin = admin()) {
      ConfigResource rejected =
          new ConfigResource(ConfigResource.Type.TOPIC, topic.name + "-rejected");
      AlterConfigOp small =
          new AlterConfigOp(new ConfigEntry("max.message.bytes", "5000"), AlterConfigOp.OpType.SET);
      admin.incrementalAlterConfigs(Map.of(rejected, List.of(small))).all().get();
      byte[] large = new byte[900_000];
      new Random(1).nextBytes(large); // so that nothing makes it smaller
      topic.serve(50);
      topic.flush();
      producer.send(new ProducerRecord<>(topic.name, large));
      producer.send(new ProducerRecord<>(topic.name, new byte[] {9}));
      producer.flush();
      topic.serve(50);
      topic.flush();
      try (Relay relay = new Relay(topic.environment("WINDOW"))) {
        topic.awaitAll(IN_ALL);
        await().atMost(PATIENCE).until(() -> ledger(relay).contains("\"DAMAGED\": 2"));
      }
      assertThat(topic.rejected())
          .hasSize(2)
          .anySatisfy(whole -> assertThat(whole.value()).containsExactly(9))
          .anySatisfy(
              named -> {
                assertThat(named.value()).isEmpty();
                assertThat(named.headers().lastHeader("runtracker.left_out").value())
                    .asString(UTF_8)
                    .startsWith("900000 bytes: ");
                assertThat(named.headers().lastHeader("runtracker.partition").value())
                    .asString(UTF_8)
                    .isEqualTo(topic.name + "-0");
              });
    }
  }

  @Test
  void a_transaction_that_hangs_holds_up_what_is_behind_it_until_it_is_given_up() throws Exception {
    try (Topic topic = topic(1);
        KafkaProducer<byte[], byte[]> producer =
            producer(Map.of("transactional.id", "hangs " + UUID.randomUUID()));
        Relay relay = new Relay(topic.environment("WINDOW"))) {
      topic.serve(50);
      topic.flush();
      topic.awaitAll(IN_ALL);
      producer.initTransactions();
      producer.beginTransaction();
      producer.send(new ProducerRecord<>(topic.name, new byte[] {9}));
      producer.flush();
      topic.serve(50);
      topic.flush();
      assertThat(topic.written()).hasSize(50);
      producer.abortTransaction();
      topic.awaitAll(IN_ALL);
      assertThat(ledger(relay)).contains("\"dropped\": {}");
    }
  }

  @Test
  void records_of_transactions_that_were_given_up_are_no_requests() throws Exception {
    try (Topic topic = topic(1);
        KafkaProducer<byte[], byte[]> producer =
            producer(Map.of("transactional.id", "given up " + UUID.randomUUID()))) {
      producer.initTransactions();
      for (int i = 0; i < 5; i++) {
        topic.serve(50);
        topic.flush();
        producer.beginTransaction();
        producer.send(new ProducerRecord<>(topic.name, new byte[] {9}));
        producer.flush();
        producer.abortTransaction();
      }
      try (Relay relay = new Relay(topic.environment("WINDOW"))) {
        topic.awaitAll(IN_ALL);
        await().atMost(PATIENCE).until(() -> ledger(relay).contains("\"waiting\": 0"));
        assertThat(ledger(relay)).contains("\"delivered\": 250", "\"dropped\": {}");
      }
      assertThat(topic.rejected()).isEmpty();
    }
  }

  @Test
  void what_the_cluster_deletes_before_it_is_written_is_counted_and_named() throws Exception {
    try (Topic topic = topic(1);
        Admin admin = admin()) {
      Map<String, String> environment = topic.environment("WINDOW");
      environment.put("MLFLOW_TRACKING_URI", "http://127.0.0.1:9"); // so that it only plans
      environment.put("RUNTRACKER_WINDOW_ROWS", "100");
      topic.serve(100);
      topic.flush();
      TopicPartition partition = new TopicPartition(topic.name, 0);
      try (RelayProcess relay = start(environment)) {
        await()
            .atMost(PATIENCE)
            .until(() -> topic.committed(partition).metadata(), text -> text.length() > 150);
        relay.kill();
      }
      topic.serve(200);
      topic.flush();
      admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(150))).all().get();
      environment.put("MLFLOW_TRACKING_URI", MlflowServer.shared().uri().toString());
      try (RelayProcess relay = start(environment)) {
        relay.awaitLog("before they were written");
        await()
            .atMost(PATIENCE)
            .until(() -> topic.committed(partition).offset(), offset -> offset >= 300);
        assertThat(relay.log()).contains("Kafka has deleted ");
      }
      assertThat(topic.written()).hasSizeBetween(150, 152).containsKeys(152, 299);
    }
  }

  /** It dies when the window is complete, and before it can commit that. */
  @ParameterizedTest
  @ValueSource(longs = {40, 100})
  void a_complete_window_stays_whole_though_its_records_are_deleted_before_a_relay_knows_of_it(
      long deletedBefore) throws Exception {
    try (Topic topic = topic(1);
        Admin admin = admin()) {
      Map<String, String> environment = topic.environment("WINDOW");
      environment.put("RUNTRACKER_WINDOW_ROWS", "100");
      environment.put("RUNTRACKER_WINDOW_AGE", "1m");
      topic.serve(100);
      topic.flush();
      Path log = directory.resolve(UUID.randomUUID() + ".log");
      try (RelayProcess dying =
          RelayProcess.startToDieAt(FailPoint.AFTER_COMPLETE, 1, environment, log)) {
        assertThat(dying.hasDied(PATIENCE)).isTrue();
      }
      assertThat(topic.written()).hasSize(100);
      topic.serve(100);
      topic.flush();
      TopicPartition partition = new TopicPartition(topic.name, 0);
      admin
          .deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(deletedBefore)))
          .all()
          .get();
      try (RelayProcess next = start(environment)) {
        topic.awaitAll(IN_ALL);
        await()
            .atMost(PATIENCE)
            .until(() -> topic.committed(partition).offset() == topic.end(partition));
        assertThat(next.log()).doesNotContain("Kafka has deleted");
      }
      assertThat(topic.balance()).isEqualTo(Topic.WHOLE);
    }
  }

  @Test
  void nothing_is_lost_where_the_client_has_too_little_memory_for_what_it_fetched()
      throws Exception {
    AtomicInteger failures = new AtomicInteger();
    try (Topic topic = topic(2)) {
      topic.serve(300);
      topic.flush();
      try (Relay relay =
          new Relay(
              topic.environment("WINDOW"),
              client -> failingClient(client, failures),
              FailPoint.NOBODY)) {
        topic.awaitAll(IN_ALL);
        assertThat(ledger(relay)).contains("\"dropped\": {}");
      }
    }
    assertThat(failures).hasValueGreaterThan(3);
  }

  /**
   * The first three times that it has fetched something, there is no memory left to hand it over.
   */
  @SuppressWarnings("unchecked")
  private static Consumer<byte[], byte[]> failingClient(
      Consumer<byte[], byte[]> client, AtomicInteger failures) {
    return (Consumer<byte[], byte[]>)
        Proxy.newProxyInstance(
            RelayFaultTest.class.getClassLoader(),
            new Class<?>[] {Consumer.class},
            (proxy, method, arguments) -> {
              try {
                Object answer = method.invoke(client, arguments);
                if (answer instanceof ConsumerRecords<?, ?> records
                    && !records.isEmpty()
                    && failures.getAndIncrement() < 3) {
                  throw new OutOfMemoryError("as if");
                }
                return answer;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @Test
  void a_relay_of_many_partitions_keeps_to_its_memory_while_mlflow_is_away() throws Exception {
    Random random = new Random(1);
    byte[] some = new byte[3000];
    try (Topic topic = topic(24)) {
      for (int i = 0; i < 32_000; i++) { // some 200 MB
        random.nextBytes(some);
        topic.serveOneThatLogs(HexFormat.of().formatHex(some));
        if (i % 500 == 499) {
          topic.flush();
        }
      }
      Map<String, String> environment = topic.environment("WINDOW");
      environment.put("MLFLOW_TRACKING_URI", "http://127.0.0.1:9");
      environment.put("RUNTRACKER_WINDOW_AGE", "10m");
      environment.put("RUNTRACKER_WINDOW_ROWS", "10000");
      int port = freePort();
      environment.put("PORT", String.valueOf(port));
      try (RelayProcess relay = start(environment)) {
        relay.awaitLog("Reads " + new TopicPartition(topic.name, 23));
        await().atMost(PATIENCE).until(() -> isHoldingAllItMay(port));
        assertThat(get(port, "/health/live")).isEqualTo("ok");
        assertThat(relay.log()).doesNotContain("OutOfMemoryError");
      }
    }
  }

  /** Whether it reads nothing more, and there is more. */
  private static boolean isHoldingAllItMay(int port) throws Exception {
    String before = meter(port, "runtracker_queue_size");
    TimeUnit.SECONDS.sleep(3);
    return before.equals(meter(port, "runtracker_queue_size"))
        && Double.parseDouble(before) > 0
        && Double.parseDouble(meter(port, "runtracker_lag")) > 0;
  }

  private static String meter(int port, String name) throws Exception {
    return get(port, "/metrics")
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .map(line -> line.substring(name.length() + 1))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void a_partition_without_an_offset_stands_still_where_it_may_have_been_read_and_others_go_on()
      throws Exception {
    long eightDaysAgo = Instant.now().minus(Duration.ofDays(8)).toEpochMilli();
    try (Topic topic = topic(2);
        KafkaProducer<byte[], byte[]> producer = producer(Map.of())) {
      TopicPartition still = new TopicPartition(topic.name, 0);
      TopicPartition other = new TopicPartition(topic.name, 1);
      topic.createAnew(Map.of("retention.ms", "-1"));
      producer.send(new ProducerRecord<>(topic.name, 0, eightDaysAgo, null, new byte[] {9}));
      producer.flush();
      await().atMost(PATIENCE).until(() -> serveSome(topic, other, 0));
      await().atMost(PATIENCE).until(() -> serveSome(topic, still, 1));
      Map<String, String> environment = topic.environment("WINDOW");
      int port = freePort();
      environment.put("PORT", String.valueOf(port));
      try (RelayProcess relay = start(environment)) {
        relay.awaitLog("has no offset for it, and it holds requests older than");
        await().atMost(PATIENCE).until(() -> topic.committed(other).offset() == topic.end(other));
        assertThat(get(port, "/metrics")).contains("runtracker_partitions_stopped 1.0");
        relay.stop();
        assertThat(relay.log()).doesNotContain("Reads " + still + " ");
      }
      topic.commit(still, new OffsetAndMetadata(1));
      try (RelayProcess relay = start(environment)) {
        topic.awaitAll(IN_ALL);
        assertThat(relay.log()).contains("Reads " + still + " from offset 1 on");
        assertThat(get(port, "/metrics")).contains("runtracker_partitions_stopped 0.0");
      }
    }
  }

  /**
   * Whether there is more in a partition then than before. So many, because the client goes to
   * another partition when it has written 128 KiB.
   */
  private static boolean serveSome(Topic topic, TopicPartition partition, long before)
      throws Exception {
    topic.serve(500);
    topic.flush();
    return topic.end(partition) > before;
  }

  @Test
  void partitions_that_are_added_are_read_too() throws Exception {
    try (Topic topic = topic(1);
        Admin admin = admin()) {
      Map<String, String> environment = topic.environment("WINDOW");
      try (RelayProcess one = start(environment);
          RelayProcess other = start(environment)) {
        topic.serve(100);
        topic.flush();
        topic.awaitAll(IN_ALL);
        admin.createPartitions(Map.of(topic.name, NewPartitions.increaseTo(3))).all().get();
        for (int i = 1; i < 3; i++) {
          TopicPartition added = new TopicPartition(topic.name, i);
          await().atMost(PATIENCE).until(() -> serveSome(topic, added, 0));
        }
        topic.awaitAll(IN_ALL);
        assertThat(one.log() + other.log())
            .contains("Reads " + topic.name + "-1 from offset 0 on")
            .contains("Reads " + topic.name + "-2 from offset 0 on");
      }
    }
  }

  @Test
  void a_topic_that_is_not_there_is_named_and_read_once_it_is() throws Exception {
    try (Topic topic = topic(1)) {
      topic.delete();
      try (RelayProcess relay = start(topic.environment("WINDOW"))) {
        relay.awaitLog("; create the topic");
        topic.create(Map.of());
        topic.serve(100);
        topic.flush();
        topic.awaitAll(IN_ALL);
      }
    }
  }

  @Test
  void a_topic_that_is_created_anew_is_read_from_its_beginning() throws Exception {
    try (Topic topic = topic(2);
        RelayProcess relay = start(topic.environment("WINDOW"))) {
      topic.serve(100);
      topic.flush();
      topic.awaitAll(IN_ALL);
      topic.createAnew(Map.of());
      topic.serve(300);
      topic.flush();
      topic.awaitAll(IN_ALL);
      relay.awaitLog("was deleted and created again, or its cluster was");
    }
  }

  @Test
  void a_topic_that_is_created_anew_while_no_relay_runs_is_read_from_its_beginning()
      throws Exception {
    try (Topic topic = topic(1)) {
      topic.serve(100);
      topic.flush();
      try (RelayProcess relay = start(topic.environment("WINDOW"))) {
        topic.awaitAll(IN_ALL);
        relay.stop();
      }
      TopicPartition partition = new TopicPartition(topic.name, 0);
      OffsetAndMetadata known = topic.committed(partition);
      topic.createAnew(Map.of());
      topic.commit(partition, known); // as a relay does that has not noticed yet
      topic.serve(300);
      topic.flush();
      try (RelayProcess relay = start(topic.environment("WINDOW"))) {
        topic.awaitAll(IN_ALL);
        assertThat(relay.log()).contains("which is gone; now it is the topic");
      }
    }
  }

  @Test
  void a_cluster_that_is_created_anew_is_read_from_its_beginning() throws Exception {
    try (Topic topic = topic(1);
        RelayProcess relay = start(topic.environment("WINDOW"))) {
      topic.serve(100);
      topic.flush();
      topic.awaitAll(IN_ALL);
      cluster.createAnew();
      cluster.createTopic(topic.name, 1);
      topic.serve(300);
      topic.flush();
      topic.awaitAll(IN_ALL);
      relay.awaitLog("was deleted and created again, or its cluster was");
    }
  }
}
