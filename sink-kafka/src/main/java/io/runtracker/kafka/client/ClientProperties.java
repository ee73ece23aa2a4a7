// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka.client;

import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.common.config.ConfigException;

/** The properties of one of Kafka's clients, and the variables that set them. Immutable. */
public final class ClientProperties {

  /** Where the cluster is. */
  public static final String BOOTSTRAP_SERVERS = "RUNTRACKER_KAFKA_BOOTSTRAP_SERVERS";

  /** Where requests are. */
  public static final String TOPIC = "RUNTRACKER_KAFKA_TOPIC";

  /**
   * How requests are written there. A relay reads each form, and may find it in its environment.
   */
  public static final String FORMAT = "RUNTRACKER_KAFKA_FORMAT";

  private static final String PREFIX = "RUNTRACKER_KAFKA_";
  private static final String DEFAULT_TOPIC = "runtracker-requests";

  /** As Kafka's own Topic.validate has it. */
  private static final Pattern TOPIC_NAME = Pattern.compile("(?!\\.{1,2}$)[a-zA-Z0-9._-]{1,249}");

  private static final Pattern ADDRESS =
      Pattern.compile("[^\\s,:/]+:\\d{1,5}|\\[[^]\\s]+]:\\d{1,5}");

  private final String client;
  private final Map<String, String> byVariable = new HashMap<>();

  /**
   * Those of a client.
   *
   * @param client what it is called in messages, such as {@code producer}
   * @param names those that the client itself knows
   */
  public ClientProperties(String client, Set<String> names) {
    this.client = client;
    names.forEach(name -> byVariable.put(variable(name), name));
  }

  /** What sets a property. */
  public static String variable(String property) {
    return PREFIX + property.toUpperCase(Locale.ROOT).replace('.', '_');
  }

  /** Those that set a property, the servers, the topic or the format. */
  public Set<String> variables() {
    Set<String> variables = new HashSet<>(byVariable.keySet());
    variables.add(BOOTSTRAP_SERVERS);
    variables.add(TOPIC);
    variables.add(FORMAT);
    return variables;
  }

  /**
   * Puts what the user wrote into the properties.
   *
   * @param told properties by their names; they win over the environment
   * @param ours those that the user may not set
   * @return by property, the name that the user gave it
   * @throws IllegalArgumentException when one cannot be used; the message names it as it was
   *     written
   */
  public Map<String, String> read(
      Map<String, String> environment,
      Map<String, String> told,
      Set<String> ours,
      Map<String, String> properties) {
    Map<String, String> written = new TreeMap<>();
    environment.forEach(
        (variable, value) -> {
          String name = byVariable.get(variable);
          if (name != null && !value.isBlank() && !variable.equals(BOOTSTRAP_SERVERS)) {
            written.put(name, variable);
            properties.put(name, value.strip());
          }
        });
    told.forEach(
        (name, value) -> {
          if (!byVariable.containsValue(name)) {
            throw new IllegalArgumentException(name + ": is no property of Kafka's " + client);
          }
          if (name.equals(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG)) {
            throw new IllegalArgumentException(name + ": is set by bootstrapServers");
          }
          written.put(name, name);
          properties.put(name, value);
        });
    written.forEach((name, as) -> refuse(ours, name, as));
    return written;
  }

  private static void refuse(Set<String> ours, String name, String written) {
    if (ours.contains(name)) {
      throw new IllegalArgumentException(
          written
              + ": must not be set, because that each request is written once rests on Runtracker's"
              + " own choice of "
              + name);
    }
  }

  /**
   * Kafka's client knows best what its properties may be.
   *
   * @param written as {@link #read} returns it
   * @param check makes the client look at them
   */
  public void check(Map<String, String> written, Runnable check) {
    try {
      check.run();
    } catch (ConfigException e) {
      String message = String.valueOf(e.getMessage());
      String named =
          written.keySet().stream()
              .filter(message::contains)
              .max(Comparator.comparingInt(String::length))
              .map(written::get)
              .orElse(String.join(", ", written.values()));
      throw new IllegalArgumentException(named + ": " + message, e);
    }
  }

  /**
   * Where the cluster is.
   *
   * @param told what a builder was told; it wins where it is not empty
   */
  public static String addresses(Map<String, String> environment, String told) {
    String written = told.isBlank() ? BOOTSTRAP_SERVERS : "bootstrapServers";
    String addresses = told.isBlank() ? environment.getOrDefault(BOOTSTRAP_SERVERS, "") : told;
    if (addresses.isBlank()) {
      throw new IllegalArgumentException(
          BOOTSTRAP_SERVERS + ": is not set; it says where the Kafka cluster is, as host:port");
    }
    for (String address : addresses.strip().split(",", -1)) {
      if (!ADDRESS.matcher(address.strip()).matches() || portOf(address.strip()) > 65_535) {
        throw new IllegalArgumentException(
            written
                + ": must be host:port, or several with commas between, but is "
                + addresses.strip());
      }
    }
    return addresses.strip();
  }

  private static int portOf(String address) {
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
  }

  /**
   * Where requests are.
   *
   * @param told what a builder was told; it wins where it is not empty
   */
  public static String topic(Map<String, String> environment, String told) {
    String written = told.isBlank() ? TOPIC : "topic";
    String name = (told.isBlank() ? environment.getOrDefault(TOPIC, "") : told).strip();
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
}
