// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.testkit.MlflowServer;
import io.runtracker.testkit.kafka.KafkaCluster;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A relay at a cluster that wants TLS and a password, and checks rights. */
@Tag("once")
class RelayRightsTest {

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final String PASSWORD = "right";

  @TempDir static Path directory;
  private static KafkaCluster cluster;

  private final String user = "relay-" + UUID.randomUUID();

  @BeforeAll
  static void startCluster() throws Exception {
    cluster = KafkaCluster.startSecured(directory.resolve("kafka"), 1);
  }

  @AfterAll
  static void stopCluster() {
    cluster.close();
  }

  private RelayProcess start(Topic topic) throws Exception {
    cluster.setPassword(user, PASSWORD);
    Map<String, String> environment = topic.environment("WINDOW");
    environment.put("RUNTRACKER_KAFKA_BOOTSTRAP_SERVERS", cluster.securedServers());
    environment.put("RUNTRACKER_CLOSE_TIMEOUT", "1s"); // what cannot be set aside never finishes
    cluster
        .clientSettings(user, PASSWORD)
        .forEach(
            (property, value) ->
                environment.put(
                    "RUNTRACKER_KAFKA_" + property.toUpperCase(Locale.ROOT).replace('.', '_'),
                    value));
    return RelayProcess.start(environment, directory.resolve(UUID.randomUUID() + ".log"));
  }

  private void allow(ResourceType type, String name, AclOperation operation) throws Exception {
    AccessControlEntry right =
        new AccessControlEntry("User:" + user, "*", operation, AclPermissionType.ALLOW);
    ResourcePattern resource = new ResourcePattern(type, name, PatternType.LITERAL);
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", cluster.bootstrapServers()))) {
      admin.createAcls(List.of(new AclBinding(resource, right))).all().get();
    }
  }

  private static void send(Topic topic, byte[] value) throws Exception {
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", cluster.bootstrapServers()),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      producer.send(new ProducerRecord<>(topic.name, value)).get();
    }
  }

  @Test
  void a_right_to_a_topic_that_is_missing_is_named_and_nothing_is_lost() throws Exception {
    try (Topic topic = new Topic(cluster, 2, MlflowServer.shared().uri())) {
      allow(ResourceType.GROUP, topic.group(), AclOperation.READ);
      send(topic, new byte[] {9});
      topic.serve(50);
      topic.flush();
      try (RelayProcess relay = start(topic)) {
        relay.awaitLog("; allow Read on the topic " + topic.name);
        assertThat(topic.written()).isEmpty();
        allow(ResourceType.TOPIC, topic.name, AclOperation.READ);
        topic.awaitAll(PATIENCE);
        relay.awaitLog("The topic " + topic.name + "-rejected takes nothing: ");
        relay.stop();
      }
      allow(ResourceType.TOPIC, topic.name + "-rejected", AclOperation.WRITE);
      try (RelayProcess next = start(topic)) { // a relay itself tries again after half a minute
        await().atMost(PATIENCE).until(() -> topic.rejected().size() == 1);
        assertThat(next.log()).doesNotContain("takes nothing");
      }
      assertThat(topic.balance()).isEqualTo(Topic.WHOLE);
    }
  }

  @Test
  void a_right_to_the_group_that_is_missing_is_named_and_nothing_is_lost() throws Exception {
    try (Topic topic = new Topic(cluster, 2, MlflowServer.shared().uri());
        RelayProcess relay = start(topic)) {
      allow(ResourceType.TOPIC, topic.name, AclOperation.READ);
      topic.serve(50);
      topic.flush();
      relay.awaitLog("; allow Read on the group " + topic.group());
      assertThat(topic.written()).isEmpty();
      allow(ResourceType.GROUP, topic.group(), AclOperation.READ);
      topic.awaitAll(PATIENCE);
    }
  }
}
