// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {

  private static Tracker.Builder with(String variable, String value) {
    return Tracker.builder().environment(Map.of(variable, value)).sink(new MemorySink());
  }

  @ParameterizedTest
  @CsvSource({
    "RUNTRACKER_ENABLED,         maybe,   must be true or false",
    "RUNTRACKER_RING_SIZE,       1000,    power of two",
    "RUNTRACKER_RING_SIZE,       many,    must be a whole number",
    "RUNTRACKER_RING_SIZE,       99999999999, at most",
    "RUNTRACKER_BATCH_SIZE,      0,       batchSize must be at least 1",
    "RUNTRACKER_QUEUE_SIZE,      -1,      queueSize must be at least 1",
    "RUNTRACKER_QUEUE_BYTES,     0,       queueBytes must be at least 1",
    "RUNTRACKER_IN_FLIGHT,       0,       inFlight must be at least 1",
    "RUNTRACKER_CLOSE_TIMEOUT,   soon,    must be a duration such as",
    "RUNTRACKER_CLOSE_TIMEOUT,   999999h, closeTimeout must be between",
    "RUNTRACKER_RETRY_DELAY,     0s,      retryDelay must be longer than zero",
    "RUNTRACKER_RETRY_DELAY,     2h,      is shorter than retryDelay",
    "RUNTRACKER_WHEN_FULL,       WAIT,    must be one of",
    "RUNTRACKER_SKIP,            health,  a path pattern begins with",
    "RUNTRACKER_SAMPLE_RATIO,    half,    must be a number",
    "RUNTRACKER_SAMPLE_RATIO,    1.5,     sampleRatio must be between 0 and 1",
    "RUNTRACKER_SAMPLE_RATIO,    -0.1,    sampleRatio must be between 0 and 1",
    "RUNTRACKER_SAMPLE_RATIO,    NaN,     sampleRatio must be between 0 and 1",
    "RUNTRACKER_SLOW_THRESHOLD,  -PT1S,   slowThreshold must be between",
    "RUNTRACKER_RECORD_HEADERS,  a b,     is not the name of a header",
    "RUNTRACKER_RECORD_CLIENT_ADDRESS, 1, must be true or false",
  })
  void an_unusable_setting_is_a_clear_error_when_building(
      String variable, String value, String message) {
    assertThatThrownBy(() -> with(variable, value).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void groups_are_handed_on_sooner_where_there_is_a_spool_to_be_safe_in(@TempDir Path directory) {
    SettingsReader nothing = new SettingsReader(Map.of());
    Tracker.Builder builder = Tracker.builder();
    assertThat(builder.settings(nothing).batchAge()).isEqualTo(Duration.ofMillis(50));
    builder.spool(directory);
    assertThat(builder.settings(nothing).batchAge()).isEqualTo(Duration.ofMillis(15));
    builder.batchAge(Duration.ofSeconds(1));
    assertThat(builder.settings(nothing).batchAge()).isEqualTo(Duration.ofSeconds(1));
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

  @ParameterizedTest
  @CsvSource({"250ms, 250", "3s, 3000", "2m, 120000", "1h, 3600000", "PT1.5S, 1500"})
  void durations_are_written_as_people_write_them(String text, long millis) {
    assertThat(SettingsReader.duration(text)).isEqualTo(Duration.ofMillis(millis));
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
    Settings settings = Tracker.builder().windowRows(50_000).settings(new SettingsReader(Map.of()));
    assertThat(settings.windowBytes()).isEqualTo(40_000_000);
    assertThat(settings.queueSize()).isEqualTo(200_000);
    assertThat(Settings.queueBytes(50_000, 1L << 30)).isEqualTo(100_000_000);
  }

  @Test
  void by_default_windows_never_bring_more_room_than_a_quarter_of_the_heap() {
    assertThat(Settings.queueBytes(Integer.MAX_VALUE, 1L << 30)).isEqualTo(1L << 28);
    assertThat(Settings.queueBytes(50_000, 64L << 20)).isEqualTo(16 << 20);
  }

  @Test
  void smaller_windows_take_no_room_away() {
    Settings settings = Tracker.builder().windowRows(10).settings(new SettingsReader(Map.of()));
    assertThat(settings.windowBytes()).isEqualTo(1_600_000);
    assertThat(settings.queueSize()).isEqualTo(100_000);
    assertThat(settings.queueBytes()).isEqualTo(48 << 20);
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
}
