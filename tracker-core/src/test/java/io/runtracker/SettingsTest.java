// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runtracker.internal.config.ConfigurationPage;
import io.runtracker.internal.config.Setting;
import io.runtracker.internal.config.Settings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class SettingsTest {

  private static Tracker.Builder with(String variable, String value) {
    return Tracker.builder().environment(Map.of(variable, value)).sink(new MemorySink());
  }

  @ParameterizedTest
  @CsvSource({
    "RUNTRACKER_ENABLED,         maybe,   must be true or false",
    "RUNTRACKER_RING_SIZE,       1000,    power of two",
    "RUNTRACKER_RING_SIZE,       many,    must be a whole number",
    "RUNTRACKER_RING_SIZE,       99999999999, must be between",
    "RUNTRACKER_RING_SIZE,       -4294967288, must be between",
    "RUNTRACKER_BATCH_SIZE,      0,       RUNTRACKER_BATCH_SIZE must be at least 1",
    "RUNTRACKER_QUEUE_SIZE,      -1,      RUNTRACKER_QUEUE_SIZE must be at least 1",
    "RUNTRACKER_QUEUE_BYTES,     0,       RUNTRACKER_QUEUE_BYTES must be at least 1",
    "RUNTRACKER_IN_FLIGHT,       0,       RUNTRACKER_IN_FLIGHT must be at least 1",
    "RUNTRACKER_CLOSE_TIMEOUT,   soon,    must be a duration such as",
    "RUNTRACKER_CLOSE_TIMEOUT,   999999h, RUNTRACKER_CLOSE_TIMEOUT must be between",
    "RUNTRACKER_RETRY_DELAY,     0s,      RUNTRACKER_RETRY_DELAY must be longer than zero",
    "RUNTRACKER_RETRY_DELAY,     2h,      must not be longer than maxRetryDelay",
    "RUNTRACKER_WHEN_FULL,       WAIT,    must be one of",
    "RUNTRACKER_SKIP,            health,  a path pattern begins with",
    "RUNTRACKER_SAMPLE_RATIO,    half,    must be a number",
    "RUNTRACKER_SAMPLE_RATIO,    1.5,     RUNTRACKER_SAMPLE_RATIO must be between 0 and 1",
    "RUNTRACKER_SAMPLE_RATIO,    -0.1,    RUNTRACKER_SAMPLE_RATIO must be between 0 and 1",
    "RUNTRACKER_SAMPLE_RATIO,    NaN,     RUNTRACKER_SAMPLE_RATIO must be between 0 and 1",
    "RUNTRACKER_SLOW_THRESHOLD,  -PT1S,   RUNTRACKER_SLOW_THRESHOLD must be between",
    "RUNTRACKER_RECORD_HEADERS,  a b,     must be names of headers",
    "RUNTRACKER_RECORD_CLIENT_ADDRESS, si, must be true or false",
    "RUNTRACKER_QUEUE_BYTES,     8X,      must be a size such as",
  })
  void an_unusable_setting_is_a_clear_error_when_building(
      String variable, String value, String message) {
    assertThatThrownBy(() -> with(variable, value).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void groups_are_handed_on_sooner_where_there_is_a_spool_to_be_safe_in(@TempDir Path directory) {
    Tracker.Builder builder = Tracker.builder().environment(Map.of());
    assertThat(builder.settings().batchAge).isEqualTo(Duration.ofMillis(50));
    builder.spool(directory);
    assertThat(builder.settings().batchAge).isEqualTo(Duration.ofMillis(15));
    builder.batchAge(Duration.ofSeconds(1));
    assertThat(builder.settings().batchAge).isEqualTo(Duration.ofSeconds(1));
  }

  private static Set<Thread> threads() {
    return Thread.getAllStackTraces().keySet();
  }

  @Test
  void a_failed_build_starts_no_thread() {
    Set<Thread> before = threads();
    assertThatThrownBy(() -> with("RUNTRACKER_SKIP", "health").build());
    assertThat(threads()).filteredOn(Requests::isOurs).isSubsetOf(before);
  }

  @Test
  void the_environment_is_read() {
    try (Tracker tracker = with("RUNTRACKER_SKIP", "/a, /b/**").build()) {
      assertThat(tracker.open("GET", Requests.target("/a"))).isNull();
      assertThat(tracker.open("GET", Requests.target("/b/c"))).isNull();
      assertThat(tracker.open("GET", Requests.target("/health"))).isNotNull();
    }
  }

  @Test
  void the_builder_wins_over_the_environment() {
    try (Tracker tracker = with("RUNTRACKER_RING_SIZE", "64").ringSize(128).build()) {
      assertThat(tracker.stats().ringCapacity()).isEqualTo(128);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "RUNTRACKER_ENABLED, false",
    "RUNTRACKER_ENABLED, FALSE",
    "MLFLOW_ENABLE,      false"
  })
  void tracking_is_turned_off_by_either_variable(String variable, String value) {
    try (Tracker tracker = with(variable, value).build()) {
      assertThat(tracker.isEnabled()).isFalse();
      assertThat(tracker.open("GET", Requests.target("/"))).isNull();
    }
  }

  @Test
  void larger_windows_bring_the_room_they_need() {
    Settings settings = Tracker.builder().environment(Map.of()).windowRows(50_000).settings();
    assertThat(settings.windowBytes).isEqualTo(40_000_000);
    assertThat(settings.queueSize).isEqualTo(200_000);
    assertThat(Settings.queueBytes(50_000, 1L << 30)).isEqualTo(100_000_000);
  }

  @Test
  void by_default_windows_never_bring_more_room_than_a_quarter_of_the_heap() {
    assertThat(Settings.queueBytes(Integer.MAX_VALUE, 1L << 30)).isEqualTo(1L << 28);
    assertThat(Settings.queueBytes(50_000, 64L << 20)).isEqualTo(16 << 20);
  }

  @Test
  void smaller_windows_take_no_room_away() {
    Settings settings = Tracker.builder().environment(Map.of()).windowRows(10).settings();
    assertThat(settings.windowBytes).isEqualTo(1_600_000);
    assertThat(settings.queueSize).isEqualTo(100_000);
    assertThat(settings.queueBytes).isEqualTo(48 << 20);
  }

  @Test
  void a_tracker_that_is_off_has_no_threads_and_asks_nothing_of_the_sinks_settings() {
    Set<Thread> before = threads();
    Map<String, String> environment =
        Map.of("RUNTRACKER_ENABLED", "false", "MLFLOW_TRACKING_URI", "nonsense://");
    try (Tracker tracker = Tracker.builder().environment(environment).build()) {
      assertThat(tracker.flush(Duration.ofSeconds(1)).isComplete()).isTrue();
      assertThat(threads()).filteredOn(Requests::isOurs).isSubsetOf(before);
    }
  }

  @Test
  void a_value_that_the_builder_was_told_is_named_as_the_builder_spells_it() {
    assertThatThrownBy(() -> with("RUNTRACKER_BATCH_SIZE", "5").batchSize(0).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("batchSize must be at least 1, but is 0");
  }

  @Test
  void a_variable_that_nobody_reads_is_named_with_the_one_that_is_most_like_it() {
    try (Logged logged = Logged.byTheTracker();
        Tracker tracker = with("RUNTRACKER_BATCHSIZE", "5").build()) {
      assertThat(tracker.isEnabled()).isTrue();
      assertThat(logged.messages())
          .contains(
              "RUNTRACKER_BATCHSIZE is set, but is not a setting of Runtracker; did you mean"
                  + " RUNTRACKER_BATCH_SIZE?");
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void the_documents_say_of_each_setting_what_the_code_says(Setting<?> setting) throws Exception {
    ConfigurationPage.assertSaysOf(setting);
  }

  static List<Setting<?>> all() {
    return Settings.ALL;
  }
}
