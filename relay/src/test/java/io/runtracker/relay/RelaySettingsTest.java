// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RelaySettingsTest {

  private final Map<String, String> environment =
      new HashMap<>(Map.of("RUNTRACKER_KAFKA_BOOTSTRAP_SERVERS", "broker-1:9092"));

  private RelaySettings settings() {
    return new RelaySettings(environment);
  }

  private void isRefused(String... words) {
    assertThatIllegalArgumentException()
        .isThrownBy(this::settings)
        .satisfies(e -> assertThat(e.getMessage()).contains(words));
  }

  @Test
  void what_is_not_set_is_as_the_documents_say() {
    assertThat(settings())
        .hasToString(
            "the Kafka topic runtracker-requests at broker-1:9092 as one of the group"
                + " runtracker-relay");
    assertThat(settings().port).isEqualTo(8080);
    assertThat(settings().sessionMillis()).isEqualTo(10_000);
    assertThat(settings().member())
        .containsEntry("isolation.level", "read_committed")
        .containsEntry("auto.offset.reset", "none")
        .containsEntry("enable.auto.commit", false)
        .containsEntry("allow.auto.create.topics", false)
        .containsEntry("group.protocol", "classic");
  }

  @Test
  void without_an_address_the_error_says_which_variable_has_it() {
    environment.clear();
    isRefused("RUNTRACKER_KAFKA_BOOTSTRAP_SERVERS: is not set");
  }

  @ParameterizedTest
  @CsvSource({
    "RUNTRACKER_KAFKA_BOOTSTRAP_SERVERS, broker",
    "RUNTRACKER_KAFKA_TOPIC, re quests",
    "RUNTRACKER_KAFKA_SESSION_TIMEOUT_MS, soon",
    "RUNTRACKER_KAFKA_MAX_POLL_RECORDS, 0",
    "RUNTRACKER_TRACK_AS, ROW",
    "RUNTRACKER_WINDOW_ROWS, many",
    "RUNTRACKER_CLOSE_TIMEOUT, -1s",
    "PORT, 70000",
    "PORT, http",
    "PORT, -1"
  })
  void a_bad_value_is_refused_with_the_name_of_its_variable(String variable, String value) {
    environment.put(variable, value);
    isRefused(variable, value);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ENABLE_AUTO_COMMIT",
        "ISOLATION_LEVEL",
        "AUTO_OFFSET_RESET",
        "ALLOW_AUTO_CREATE_TOPICS",
        "GROUP_PROTOCOL",
        "PARTITION_ASSIGNMENT_STRATEGY",
        "KEY_DESERIALIZER",
        "VALUE_DESERIALIZER"
      })
  void what_the_promise_rests_on_is_refused_by_name(String property) {
    environment.put("RUNTRACKER_KAFKA_" + property, "1");
    isRefused("RUNTRACKER_KAFKA_" + property + ": must not be set");
  }

  @Test
  void a_heartbeat_that_is_as_long_as_the_session_is_refused() {
    environment.put("RUNTRACKER_KAFKA_HEARTBEAT_INTERVAL_MS", "10000");
    isRefused("RUNTRACKER_KAFKA_HEARTBEAT_INTERVAL_MS: must be less", "10000");
  }

  @Test
  void a_variable_is_a_property_of_all_clients_that_have_it() {
    environment.put("RUNTRACKER_KAFKA_SECURITY_PROTOCOL", "SASL_SSL");
    environment.put("RUNTRACKER_KAFKA_GROUP_INSTANCE_ID", "one");
    environment.put("RUNTRACKER_KAFKA_FETCH_MAX_WAIT_MS", "100");
    assertThat(settings().member())
        .containsEntry("security.protocol", "SASL_SSL")
        .containsEntry("group.instance.id", "one")
        .containsEntry("fetch.max.wait.ms", "100");
    assertThat(settings().rereader())
        .containsEntry("security.protocol", "SASL_SSL")
        .doesNotContainKeys("group.id", "group.instance.id");
    assertThat(settings().producer())
        .containsEntry("security.protocol", "SASL_SSL")
        .doesNotContainKeys("group.id", "fetch.max.wait.ms");
  }

  @ParameterizedTest
  @ValueSource(strings = {"5000", "2147483647"})
  void the_clients_take_what_they_are_given(String requestTimeout) {
    environment.put("RUNTRACKER_KAFKA_REQUEST_TIMEOUT_MS", requestTimeout);
    assertThat(new ConsumerConfig(settings().member()).getString("group.id"))
        .isEqualTo("runtracker-relay");
    assertThat(new ProducerConfig(settings().producer()).getString("acks")).isEqualTo("-1");
  }

  @Test
  void nobody_waits_so_long_for_what_it_hands_over_that_the_group_misses_it() {
    assertThat(settings().longestHandingOver()).isEqualTo(Duration.ofSeconds(10));
    environment.put("RUNTRACKER_CLOSE_TIMEOUT", "10m");
    assertThat(settings().longestHandingOver()).isEqualTo(Duration.ofSeconds(150));
  }

  @Test
  void a_variable_that_is_misspelt_is_told() {
    environment.put("RUNTRACKER_KAFKA_GROUPID", "relays");
    environment.put("RUNTRACKER_KAFKA_GROUP_ID", "relays");
    assertThat(settings().unknownVariables())
        .singleElement()
        .asString()
        .contains("RUNTRACKER_KAFKA_GROUPID");
  }

  @Test
  void a_password_is_in_no_line_of_the_log() {
    environment.put("RUNTRACKER_KAFKA_SASL_JAAS_CONFIG", "password=\"secret\";");
    assertThat(settings().toString()).doesNotContain("secret");
  }
}
