// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.lang.reflect.Method;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KafkaSettingsTest {

  private final Map<String, String> environment =
      new HashMap<>(Map.of("RUNTRACKER_KAFKA_BOOTSTRAP_SERVERS", "broker-1:9092, broker-2:9092"));

  private KafkaSettings settings() {
    return KafkaSettings.of(environment, "", "", null, Map.of());
  }

  private void isRefused(String... words) {
    assertThatIllegalArgumentException()
        .isThrownBy(this::settings)
        .satisfies(e -> assertThat(e.getMessage()).contains(words));
  }

  @Test
  void a_variable_is_a_property_of_the_client_in_capitals() {
    environment.put("RUNTRACKER_KAFKA_SECURITY_PROTOCOL", "SASL_SSL");
    environment.put("RUNTRACKER_KAFKA_LINGER_MS", " 20 ");
    assertThat(settings().producer("id"))
        .containsEntry("security.protocol", "SASL_SSL")
        .containsEntry("linger.ms", "20");
    assertThat(settings().consumer("id"))
        .containsEntry("security.protocol", "SASL_SSL")
        .doesNotContainKey("linger.ms");
  }

  @Test
  void the_builder_wins_over_the_environment() {
    environment.put("RUNTRACKER_KAFKA_TOPIC", "one");
    environment.put("RUNTRACKER_KAFKA_LINGER_MS", "20");
    KafkaSettings settings =
        KafkaSettings.of(environment, "other:1", "two", null, Map.of("linger.ms", "30"));
    assertThat(settings).hasToString("the Kafka topic two at other:1");
    assertThat(settings.producer("id")).containsEntry("linger.ms", "30");
  }

  @Test
  void the_topic_has_a_name_of_its_own_by_default() {
    assertThat(settings())
        .hasToString("the Kafka topic runtracker-requests at broker-1:9092, broker-2:9092");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ACKS",
        "ENABLE_IDEMPOTENCE",
        "RETRIES",
        "TRANSACTIONAL_ID",
        "TRANSACTION_TWO_PHASE_COMMIT_ENABLE",
        "KEY_SERIALIZER",
        "VALUE_SERIALIZER"
      })
  void what_the_promise_rests_on_is_refused_by_name(String property) {
    environment.put("RUNTRACKER_KAFKA_" + property, "1");
    isRefused("RUNTRACKER_KAFKA_" + property + ": must not be set");
  }

  @Test
  void a_property_that_the_client_does_not_know_is_refused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> KafkaSettings.of(environment, "", "", null, Map.of("linger", "1")))
        .withMessage("linger: is no property of Kafka's producer");
  }

  @Test
  void a_value_that_the_client_refuses_is_told_with_the_name_that_the_user_wrote() {
    environment.put("RUNTRACKER_KAFKA_LINGER_MS", "soon");
    isRefused("RUNTRACKER_KAFKA_LINGER_MS: ", "soon");
  }

  @Test
  void a_delivery_has_as_much_time_as_what_is_in_it() {
    environment.put("RUNTRACKER_KAFKA_REQUEST_TIMEOUT_MS", "30000");
    environment.put("RUNTRACKER_KAFKA_LINGER_MS", "100");
    assertThat(settings().producer("id")).containsEntry("delivery.timeout.ms", "30100");
    environment.put("RUNTRACKER_KAFKA_DELIVERY_TIMEOUT_MS", "20000");
    isRefused("RUNTRACKER_KAFKA_DELIVERY_TIMEOUT_MS: must be at least", "30100");
  }

  @ParameterizedTest
  @ValueSource(strings = {"MAX_BLOCK_MS", "BUFFER_MEMORY"})
  void what_would_let_no_batch_through_is_refused(String property) {
    environment.put("RUNTRACKER_KAFKA_" + property, "10");
    isRefused("RUNTRACKER_KAFKA_" + property + ": must be at least");
  }

  @Test
  void interceptors_are_the_producers_alone() {
    environment.put("RUNTRACKER_KAFKA_INTERCEPTOR_CLASSES", "com.example.Ours");
    assertThat(settings().producer("id")).containsKey("interceptor.classes");
    assertThat(settings().consumer("id")).doesNotContainKey("interceptor.classes");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "broker",
        "http://broker:9092",
        "broker:9092,",
        "broker:x",
        ":9092",
        "broker:70000"
      })
  void an_address_that_is_none_is_refused(String address) {
    environment.put("RUNTRACKER_KAFKA_BOOTSTRAP_SERVERS", address);
    isRefused("RUNTRACKER_KAFKA_BOOTSTRAP_SERVERS: must be host:port", address);
  }

  @Test
  void without_an_address_the_error_says_which_variable_has_it() {
    environment.clear();
    isRefused("RUNTRACKER_KAFKA_BOOTSTRAP_SERVERS: is not set");
  }

  @ParameterizedTest
  @ValueSource(strings = {"..", "re quests", "requests/1"})
  void a_topic_that_kafka_would_not_take_is_refused(String topic) {
    environment.put("RUNTRACKER_KAFKA_TOPIC", topic);
    isRefused("RUNTRACKER_KAFKA_TOPIC: must be", topic);
  }

  @Test
  void requests_are_bytes_unless_the_variable_or_the_builder_says_json() {
    assertThat(settings().format).isEqualTo(KafkaFormat.BYTES);
    environment.put("RUNTRACKER_KAFKA_FORMAT", "bytes");
    assertThat(settings().format).isEqualTo(KafkaFormat.BYTES);
    environment.put("RUNTRACKER_KAFKA_FORMAT", " Json ");
    assertThat(settings().format).isEqualTo(KafkaFormat.JSON);
    assertThat(settings().toString()).endsWith(", as JSON");
    KafkaFormat told = KafkaFormat.BYTES;
    assertThat(KafkaSettings.of(environment, "", "", told, Map.of()).format).isEqualTo(told);
  }

  @Test
  void a_format_that_there_is_none_of_is_refused() {
    environment.put("RUNTRACKER_KAFKA_FORMAT", "avro");
    isRefused("RUNTRACKER_KAFKA_FORMAT: must be bytes or json, but is avro");
  }

  @Test
  void without_jackson_json_is_refused_when_it_is_configured_and_bytes_need_none()
      throws Exception {
    try (URLClassLoader withoutJackson = withoutJackson()) {
      Class<?> type = withoutJackson.loadClass(KafkaSettingsTest.class.getName());
      Method build = type.getDeclaredMethod("build", String.class);
      build.setAccessible(true); // its package is that of another loader
      assertThat(build.invoke(null, "bytes")).hasToString("the Kafka topic t at broker:1");
      assertThatThrownBy(() -> build.invoke(null, "json"))
          .cause()
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("RUNTRACKER_KAFKA_FORMAT: JSON needs")
          .hasMessageContaining("jackson-core");
    }
  }

  static String build(String format) {
    Map<String, String> variables =
        Map.of(
            "RUNTRACKER_KAFKA_BOOTSTRAP_SERVERS", "broker:1",
            "RUNTRACKER_KAFKA_TOPIC", "t",
            "RUNTRACKER_KAFKA_FORMAT", format);
    return KafkaSink.builder().environment(variables).build().toString();
  }

  private static URLClassLoader withoutJackson() {
    URL[] others =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(entry -> !entry.contains("jackson-core"))
            .map(KafkaSettingsTest::url)
            .toArray(URL[]::new);
    return new URLClassLoader(others, ClassLoader.getPlatformClassLoader());
  }

  private static URL url(String file) {
    try {
      return Path.of(file).toUri().toURL();
    } catch (MalformedURLException e) {
      throw new IllegalArgumentException(e);
    }
  }

  @Test
  void a_password_is_in_no_line_of_the_log() {
    environment.put("RUNTRACKER_KAFKA_SASL_JAAS_CONFIG", "password=\"secret\";");
    assertThat(settings().toString()).doesNotContain("secret");
  }

  @Test
  void all_its_variables_are_known() {
    assertThat(KafkaSettings.variables())
        .contains(
            "RUNTRACKER_KAFKA_BOOTSTRAP_SERVERS",
            "RUNTRACKER_KAFKA_TOPIC",
            "RUNTRACKER_KAFKA_FORMAT",
            "RUNTRACKER_KAFKA_SASL_JAAS_CONFIG",
            "RUNTRACKER_KAFKA_ACKS")
        .allMatch(name -> name.matches("RUNTRACKER_KAFKA_[A-Z0-9_]+"));
  }
}
