// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.Tracker;
import io.runtracker.testkit.kafka.KafkaCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/** A cluster that wants TLS and a password, and checks rights. */
@Tag("once")
class SecuredClusterTest {

  private static final Duration LONG = Duration.ofMinutes(1);
  private static final String PASSWORD = "right";

  @TempDir static Path clusterDirectory;
  private static KafkaCluster cluster;

  @TempDir Path spool;
  private final Map<String, String> environment = new HashMap<>();
  private String topic = "";
  private String user = "";

  @BeforeAll
  static void startCluster() throws Exception {
    cluster = KafkaCluster.startSecured(clusterDirectory, 1);
  }

  @AfterAll
  static void stopCluster() {
    cluster.close();
  }

  @BeforeEach
  void createTopicAndUser(TestInfo test) throws Exception {
    topic = test.getTestMethod().orElseThrow().getName();
    user = topic;
    cluster.createTopic(topic, 2);
    cluster.setPassword(user, PASSWORD);
    environment.put("RUNTRACKER_KAFKA_BOOTSTRAP_SERVERS", cluster.securedServers());
    environment.put("RUNTRACKER_KAFKA_TOPIC", topic);
    environment.put("RUNTRACKER_KAFKA_MAX_BLOCK_MS", "3000");
    cluster.clientSettings(user, PASSWORD).forEach(this::set);
  }

  private void set(String property, String value) {
    environment.put(
        "RUNTRACKER_KAFKA_" + property.toUpperCase(Locale.ROOT).replace('.', '_'), value);
  }

  private Tracker tracker() {
    return Tracker.builder()
        .environment(environment)
        .spool(spool)
        .retryDelay(Duration.ofMillis(50))
        .maxRetryDelay(Duration.ofMillis(200))
        .shutdownHook(false)
        .build();
  }

  private String id() throws IOException {
    return "runtracker-log-" + Files.readString(spool.resolve("spool-id"));
  }

  private void allow(ResourceType type, String name, AclOperation operation)
      throws ExecutionException, InterruptedException {
    AccessControlEntry right =
        new AccessControlEntry("User:" + user, "*", operation, AclPermissionType.ALLOW);
    ResourcePattern resource = new ResourcePattern(type, name, PatternType.LITERAL);
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", cluster.bootstrapServers()))) {
      admin.createAcls(List.of(new AclBinding(resource, right))).all().get();
    }
  }

  private void allowAll() throws Exception {
    allow(ResourceType.TOPIC, topic, AclOperation.WRITE);
    allow(ResourceType.TOPIC, topic, AclOperation.READ);
    allow(ResourceType.TRANSACTIONAL_ID, id(), AclOperation.WRITE);
    allow(ResourceType.GROUP, id(), AclOperation.READ);
  }

  private static void serve(Tracker tracker, int times) {
    for (int i = 0; i < times; i++) {
      Service.open(tracker, "/" + i).end(200, null);
    }
  }

  private static void awaitError(Tracker tracker, String... words) {
    await()
        .atMost(LONG)
        .untilAsserted(() -> assertThat(tracker.stats().lastError()).contains(words));
  }

  private void assertAllOnce(Tracker tracker, int times) {
    assertThat(tracker.flush(LONG).isComplete()).as("%s", tracker.stats()).isTrue();
    assertThat(TopicReader.paths(cluster, topic)).doesNotHaveDuplicates().hasSize(times);
  }

  @Test
  void each_right_that_is_missing_is_named_and_once_all_are_given_nothing_is_lost()
      throws Exception {
    try (Tracker tracker = tracker()) {
      serve(tracker, 20);
      awaitError(tracker, "allow Write on the transactional id " + id());
      allow(ResourceType.TRANSACTIONAL_ID, id(), AclOperation.WRITE);
      awaitError(tracker, "allow Read on the group " + id());
      allow(ResourceType.GROUP, id(), AclOperation.READ);
      awaitError(tracker, "allow Write and Read on the topic " + topic);
      allow(ResourceType.TOPIC, topic, AclOperation.WRITE);
      awaitError(tracker, "allow Write and Read on the topic " + topic);
      allow(ResourceType.TOPIC, topic, AclOperation.READ);
      assertAllOnce(tracker, 20);
    }
  }

  @Test
  void a_wrong_password_is_told_and_loses_nothing() throws Exception {
    cluster.clientSettings(user, "wrong").forEach(this::set);
    try (Tracker tracker = tracker()) {
      serve(tracker, 20);
      allowAll();
      awaitError(tracker, "SaslAuthenticationException", "RUNTRACKER_KAFKA_SASL_*");
      cluster.setPassword(user, "wrong"); // now it is the right one
      assertAllOnce(tracker, 20);
    }
  }

  @Test
  void a_certificate_that_is_not_trusted_is_told() throws Exception {
    environment.keySet().removeIf(name -> name.contains("TRUSTSTORE"));
    try (Tracker tracker = tracker()) {
      serve(tracker, 20);
      awaitError(tracker, "SslAuthenticationException", "RUNTRACKER_KAFKA_SSL_*");
    }
    cluster.clientSettings(user, PASSWORD).forEach(this::set);
    allowAll();
    try (Tracker next = tracker()) {
      assertAllOnce(next, 20);
    }
  }

  @Test
  void a_client_without_tls_is_told_where_it_gets_no_answer() {
    environment.put("RUNTRACKER_KAFKA_SECURITY_PROTOCOL", "PLAINTEXT");
    try (Tracker tracker = tracker()) {
      serve(tracker, 1);
      awaitError(tracker, cluster.securedServers());
    }
  }

  @Test
  void a_file_of_certificates_that_is_missing_is_named() {
    environment.put("RUNTRACKER_KAFKA_SSL_TRUSTSTORE_LOCATION", "/nowhere/trusted.p12");
    try (Tracker tracker = tracker()) {
      serve(tracker, 1);
      awaitError(tracker, "/nowhere/trusted.p12");
    }
  }
}
