// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Where requests go, and how the client is set. Immutable. */
final class KafkaSettings {

  static final String BOOTSTRAP_SERVERS = "RUNTRACKER_KAFKA_BOOTSTRAP_SERVERS";
  static final String TOPIC = "RUNTRACKER_KAFKA_TOPIC";

  private static final String PREFIX = "RUNTRACKER_KAFKA_";
  private static final String DEFAULT_TOPIC = "runtracker-requests";

  /** As Kafka's own Topic.validate has it. */
  private static final Pattern TOPIC_NAME = Pattern.compile("(?!\\.{1,2}$)[a-zA-Z0-9._-]{1,249}");

  private static final Pattern ADDRESS =
      Pattern.compile("[^\\s,:/]+:\\d{1,5}|\\[[^]\\s]+]:\\d{1,5}");

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
  private final Map<String, String> properties;

  private KafkaSettings(String topic, String servers, Map<String, String> properties) {
    this.topic = topic;
    this.servers = servers;
    this.properties = properties;
  }

  /** Those that can be set. */
  static Set<String> variables() {
    Set<String> variables = new HashSet<>(byVariable().keySet());
    variables.add(BOOTSTRAP_SERVERS);
    variables.add(TOPIC);
    return variables;
  }

  private static Map<String, String> byVariable() {
    Map<String, String> names = new HashMap<>();
    ProducerConfig.configNames().forEach(name -> names.put(variable(name), name));
    return names;
  }

  private static String variable(String property) {
    return PREFIX + property.toUpperCase(Locale.ROOT).replace('.', '_');
  }

  /**
   * Reads them all.
   *
   * @param told properties by their names; they win over the environment
   * @throws IllegalArgumentException when one cannot be used; the message names it as it was
   *     written
   */
  static KafkaSettings of(
      Map<String, String> environment, String servers, String topic, Map<String, String> told) {
    Map<String, String> properties = new LinkedHashMap<>(DEFAULTS);
    properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, MAX_BLOCK_MILLIS);
    Map<String, String> written = read(environment, told, properties);
    written.forEach(KafkaSettings::refuseOurs);
    boolean mayRaise = !written.containsKey(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG);
    if (mayRaise) {
      properties.merge(
          ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG,
          leastDeliveryMillis(properties),
          KafkaSettings::larger);
    }
    properties.put(
        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
        addresses(environment.getOrDefault(BOOTSTRAP_SERVERS, "").strip(), servers.strip()));
    KafkaSettings made =
        new KafkaSettings(
            topicName(environment.getOrDefault(TOPIC, "").strip(), topic.strip()),
            properties.get(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG),
            Map.copyOf(properties));
    made.check(written);
    return made;
  }

  /** Returns, by property, the name that the user gave it. */
  private static Map<String, String> read(
      Map<String, String> environment, Map<String, String> told, Map<String, String> properties) {
    Map<String, String> names = byVariable();
    Map<String, String> written = new TreeMap<>();
    environment.forEach(
        (variable, value) -> {
          String name = names.get(variable);
          if (name != null && !value.isBlank() && !variable.equals(BOOTSTRAP_SERVERS)) {
            written.put(name, variable);
            properties.put(name, value.strip());
          }
        });
    told.forEach(
        (name, value) -> {
          if (!names.containsValue(name)) {
            throw new IllegalArgumentException(name + ": is no property of Kafka's producer");
          }
          if (name.equals(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG)) {
            throw new IllegalArgumentException(name + ": is set by bootstrapServers");
          }
          written.put(name, name);
          properties.put(name, value);
        });
    return written;
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

  private static void refuseOurs(String name, String written) {
    if (OURS.contains(name)) {
      throw new IllegalArgumentException(
          written
              + ": must not be set, because that each request is written once rests on Runtracker's"
              + " own choice of "
              + name);
    }
  }

  private static String addresses(String byEnvironment, String told) {
    String written = told.isEmpty() ? BOOTSTRAP_SERVERS : "bootstrapServers";
    String addresses = told.isEmpty() ? byEnvironment : told;
    if (addresses.isEmpty()) {
      throw new IllegalArgumentException(
          BOOTSTRAP_SERVERS + ": is not set; it says where the Kafka cluster is, as host:port");
    }
    for (String address : addresses.split(",", -1)) {
      if (!ADDRESS.matcher(address.strip()).matches() || portOf(address.strip()) > 65_535) {
        throw new IllegalArgumentException(
            written + ": must be host:port, or several with commas between, but is " + addresses);
      }
    }
    return addresses;
  }

  private static int portOf(String address) {
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
  }

  private static String topicName(String byEnvironment, String told) {
    String written = told.isEmpty() ? TOPIC : "topic";
    String name = told.isEmpty() ? byEnvironment : told;
    if (name.isEmpty()) {
      return DEFAULT_TOPIC;
    }
    if (!TOPIC_NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          written
              + ": must be at most 249 letters, digits, dots, underscores and hyphens, but is "
              + name);
    }
    return name;
  }

  /** Kafka's client knows best what its properties may be. */
  private void check(Map<String, String> written) {
    try {
      new ProducerConfig(producer("check"));
    } catch (ConfigException e) {
      String message = String.valueOf(e.getMessage());
      String named =
          written.keySet().stream()
              .filter(message::contains)
              .max(java.util.Comparator.comparingInt(String::length))
              .map(written::get)
              .orElse(String.join(", ", written.values()));
      throw new IllegalArgumentException(named + ": " + message, e);
    }
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
    return "the Kafka topic " + topic + " at " + servers;
  }
}
