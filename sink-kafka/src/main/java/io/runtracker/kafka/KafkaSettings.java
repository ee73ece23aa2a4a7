// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import io.runtracker.kafka.client.ClientProperties;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/** Where requests go, and how the client is set. Immutable. */
final class KafkaSettings {

  private static final ClientProperties NAMES =
      new ClientProperties("producer", ProducerConfig.configNames());

  /** What the promise rests on that each request is written once. */
  private static final Set<String> OURS =
      Set.of(
          ProducerConfig.ACKS_CONFIG,
          ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG,
          ProducerConfig.RETRIES_CONFIG,
          ProducerConfig.TRANSACTIONAL_ID_CONFIG,
          ProducerConfig.TRANSACTION_TWO_PHASE_COMMIT_ENABLE_CONFIG,
          ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG,
          ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG);

  /**
   * What differs from Kafka's own defaults. Transactions follow each other at once, and the
   * client's own pause of 100 ms between them would be most of their time. A call ends after some
   * seconds, because the tracker tries again by itself; a transaction that nobody ends holds up
   * readers no longer than it must. With {@code rebootstrap} each send would block while the
   * cluster is away.
   */
  private static final Map<String, String> DEFAULTS =
      Map.of(
          ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4",
          ProducerConfig.BATCH_SIZE_CONFIG, "131072",
          ProducerConfig.BUFFER_MEMORY_CONFIG, "8388608",
          ProducerConfig.MAX_REQUEST_SIZE_CONFIG, "4194304",
          ProducerConfig.RETRY_BACKOFF_MS_CONFIG, "5",
          ProducerConfig.RETRY_BACKOFF_MAX_MS_CONFIG, "50",
          ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, "5000",
          ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, "10000",
          ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, "15000",
          CommonClientConfigs.METADATA_RECOVERY_STRATEGY_CONFIG, "none");

  /** A call waits so long for the cluster, unless the user says otherwise. */
  private static final String MAX_BLOCK_MILLIS = "10000";

  /** As Kafka's client has it. */
  private static final long DEFAULT_LINGER_MILLIS = 5;

  /** With less no batch fits, and no call has any time. */
  private static final Map<String, Long> LEAST =
      Map.of(
          ProducerConfig.MAX_BLOCK_MS_CONFIG, 100L, ProducerConfig.BUFFER_MEMORY_CONFIG, 1L << 20);

  final String topic;
  final String servers;
  final KafkaFormat format;
  private final Map<String, String> properties;

  private KafkaSettings(
      String topic, String servers, KafkaFormat format, Map<String, String> properties) {
    this.topic = topic;
    this.servers = servers;
    this.format = format;
    this.properties = properties;
  }

  /** Those that can be set. */
  static Set<String> variables() {
    return NAMES.variables();
  }

  /**
   * Reads them all.
   *
   * @param told properties by their names; they win over the environment
   * @throws IllegalArgumentException when one cannot be used; the message names it as it was
   *     written
   */
  static KafkaSettings of(
      Map<String, String> environment,
      String servers,
      String topic,
      @Nullable KafkaFormat format,
      Map<String, String> told) {
    Map<String, String> properties = new LinkedHashMap<>(DEFAULTS);
    properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, MAX_BLOCK_MILLIS);
    Map<String, String> written = NAMES.read(environment, told, OURS, properties);
    boolean mayRaise = !written.containsKey(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG);
    if (mayRaise) {
      properties.merge(
          ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG,
          leastDeliveryMillis(properties),
          KafkaSettings::larger);
    }
    properties.put(
        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, ClientProperties.addresses(environment, servers));
    KafkaSettings made =
        new KafkaSettings(
            ClientProperties.topic(environment, topic),
            properties.get(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG),
            KafkaFormat.of(environment, format),
            Map.copyOf(properties));
    made.check(written);
    return made;
  }

  /** The client wants one that is no shorter, and says so only when it is built. */
  private static String leastDeliveryMillis(Map<String, String> properties) {
    return String.valueOf(
        number(properties, ProducerConfig.LINGER_MS_CONFIG, DEFAULT_LINGER_MILLIS)
            + number(properties, ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 0));
  }

  /** What is no number is told by the client's own check. */
  private static long number(Map<String, String> properties, String name, long byDefault) {
    String text = properties.getOrDefault(name, "");
    return text.matches("\\d{1,18}") ? Long.parseLong(text) : byDefault;
  }

  private static String larger(String one, String other) {
    return Long.parseLong(one) < Long.parseLong(other) ? other : one;
  }

  /** Kafka's client knows best what its properties may be. */
  private void check(Map<String, String> written) {
    NAMES.check(written, () -> new ProducerConfig(producer("check")));
    LEAST.forEach(
        (name, least) -> {
          if (number(properties, name, least) < least) {
            throw new IllegalArgumentException(written.get(name) + ": must be at least " + least);
          }
        });
    String delivery = properties.get(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG);
    String least = leastDeliveryMillis(properties);
    if (delivery != null && !larger(delivery, least).equals(delivery)) {
      throw new IllegalArgumentException(
          written.get(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG)
              + ": must be at least linger.ms + request.timeout.ms ("
              + least
              + ")");
    }
  }

  /** For the producer of this name; no two with it can write at the same time. */
  Map<String, Object> producer(String transactionalId) {
    Map<String, Object> all = new HashMap<>(properties);
    all.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, transactionalId);
    all.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    all.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    return all;
  }

  /** For what reads the offsets of a group, once no transaction changes them any more. */
  Map<String, Object> consumer(String groupId) {
    Map<String, Object> all = new HashMap<>(properties);
    all.keySet().retainAll(ConsumerConfig.configNames());
    all.remove(ProducerConfig.INTERCEPTOR_CLASSES_CONFIG); // they are a producer's
    all.put(ConsumerConfig.GROUP_ID_CONFIG, groupId);
    all.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    all.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    all.put(
        ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
        properties.get(ProducerConfig.MAX_BLOCK_MS_CONFIG));
    all.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    all.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    return all;
  }

  /** Without what is secret. */
  @Override
  public String toString() {
    String as = format == KafkaFormat.JSON ? ", as JSON" : "";
    return "the Kafka topic " + topic + " at " + servers + as;
  }
}
