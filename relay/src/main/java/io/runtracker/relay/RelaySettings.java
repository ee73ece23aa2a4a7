// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import io.runtracker.internal.config.Settings;
import io.runtracker.internal.config.SettingsReader;
import io.runtracker.internal.config.Told;
import io.runtracker.internal.config.UnknownVariables;
import io.runtracker.kafka.client.ClientProperties;
import io.runtracker.mlflow.MlflowSink;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.GroupProtocol;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** What the environment says. Immutable. */
final class RelaySettings {

  private static final String PORT = "PORT";
  private static final int DEFAULT_PORT = 8080;

  private static final ClientProperties NAMES =
      new ClientProperties("consumer", ConsumerConfig.configNames());

  /** What the promise rests on that each request is written once. */
  private static final Set<String> OURS =
      Set.of(
          ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
          ConsumerConfig.ISOLATION_LEVEL_CONFIG,
          ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
          ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG,
          ConsumerConfig.GROUP_PROTOCOL_CONFIG,
          ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
          ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG,
          ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG);

  /**
   * What differs from Kafka's own defaults, and may be set. A relay that dies is replaced soon, and
   * a right that is granted or a partition that is added is noticed soon.
   */
  private static final Map<String, String> DEFAULTS =
      Map.of(
          ConsumerConfig.GROUP_ID_CONFIG, "runtracker-relay",
          ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, "10000",
          ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, "3000",
          ConsumerConfig.METADATA_MAX_AGE_CONFIG, "30000",
          ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG, "300000",
          ConsumerConfig.MAX_POLL_RECORDS_CONFIG, "2000",
          ConsumerConfig.FETCH_MAX_BYTES_CONFIG, "8388608",
          ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, "10000",
          ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, "5000");

  /** Delivery of a partition waits meanwhile. */
  private static final long PRODUCER_MILLIS = 5_000;

  private static final int PRODUCER_BYTES = 32 << 20;

  final String topic;
  final String servers;
  final int port;

  /** Of batching and delivery, as in a service. */
  final Settings delivery;

  private final Map<String, String> properties;
  private final Map<String, String> environment;

  /**
   * Reads them all.
   *
   * @throws IllegalArgumentException when one cannot be used; the message names it
   */
  RelaySettings(Map<String, String> environment) {
    this.environment = environment;
    this.delivery = new Settings(new SettingsReader(new Told(), environment), true);
    this.topic = ClientProperties.topic(environment, "");
    this.servers = ClientProperties.addresses(environment, "");
    this.port = port(environment.getOrDefault(PORT, "").strip());
    Map<String, String> all = new HashMap<>(DEFAULTS);
    Map<String, String> written = NAMES.read(environment, Map.of(), OURS, all);
    all.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, servers);
    this.properties = Map.copyOf(all);
    NAMES.check(written, () -> new ConsumerConfig(member()));
    requireLess(
        ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG);
  }

  /** The client says so itself, but without a name. */
  private void requireLess(String property, String other) {
    if (number(property) >= number(other)) {
      throw new IllegalArgumentException(
          ClientProperties.variable(property)
              + ": must be less than "
              + ClientProperties.variable(other)
              + ", which is "
              + number(other)
              + ", but is "
              + number(property));
    }
  }

  private static int port(String text) {
    if (text.isEmpty()) {
      return DEFAULT_PORT;
    }
    if (!text.matches("\\d{1,5}") || Integer.parseInt(text) > 65_535) {
      throw new IllegalArgumentException(PORT + ": must be from 0 to 65535, but is " + text);
    }
    return Integer.parseInt(text);
  }

  /** A line for each variable that looks like one of ours, and is none. */
  Collection<String> unknownVariables() {
    Set<String> known = new HashSet<>(NAMES.variables());
    known.addAll(MlflowSink.variables());
    return UnknownVariables.in(environment, known);
  }

  String group() {
    return String.valueOf(properties.get(ConsumerConfig.GROUP_ID_CONFIG));
  }

  /** After so long without a word from it the group gives what a member has to another. */
  long sessionMillis() {
    return number(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG);
  }

  /** For so long a member may wait for what it hands over, before the group misses it. */
  Duration longestHandingOver() {
    Duration half = Duration.ofMillis(number(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG) / 2);
    return delivery.closeTimeout.compareTo(half) < 0 ? delivery.closeTimeout : half;
  }

  private long number(String property) {
    return Long.parseLong(String.valueOf(properties.get(property)));
  }

  /** For a member of the group. */
  Map<String, Object> member() {
    Map<String, Object> all = reader();
    all.put(
        ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
        CooperativeStickyAssignor.class.getName());
    all.put(
        ConsumerConfig.GROUP_PROTOCOL_CONFIG,
        GroupProtocol.CLASSIC.name().toLowerCase(Locale.ROOT));
    return all;
  }

  /** For one that reads and is no member. */
  Map<String, Object> rereader() {
    Map<String, Object> all = reader();
    all.remove(ConsumerConfig.GROUP_ID_CONFIG);
    all.remove(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG);
    return all;
  }

  private Map<String, Object> reader() {
    Map<String, Object> all = new HashMap<>(properties);
    all.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    all.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    all.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    all.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    all.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    all.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    return all;
  }

  /** For what writes the topic of those that were set aside. */
  Map<String, Object> producer() {
    Map<String, Object> all = new HashMap<>(properties);
    all.keySet().retainAll(ProducerConfig.configNames());
    all.remove(ProducerConfig.INTERCEPTOR_CLASSES_CONFIG); // they are a consumer's
    all.put(ProducerConfig.ACKS_CONFIG, "all");
    all.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    all.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, PRODUCER_MILLIS);
    all.put(
        ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG,
        (int)
            Math.min(
                2 * PRODUCER_MILLIS + number(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG),
                Integer.MAX_VALUE));
    all.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4"); // what fits its topic so, fits here
    all.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, PRODUCER_BYTES); // the broker decides
    all.put(ProducerConfig.BUFFER_MEMORY_CONFIG, 2 * PRODUCER_BYTES);
    all.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    all.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    return all;
  }

  /** Without what is secret. */
  @Override
  public String toString() {
    return "the Kafka topic " + topic + " at " + servers + " as one of the group " + group();
  }
}
