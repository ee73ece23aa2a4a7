// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.DropReason;
import io.runtracker.Ledger;
import io.runtracker.Tracker;
import io.runtracker.TrackerStats;
import io.runtracker.testkit.RecordingSink;
import io.runtracker.testkit.Wire;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The tracker in Actuator's health, whatever Spring Boot. */
class HealthTest {

  private static final String[] SHOWN = {
    "management.endpoint.health.show-details=always", "runtracker.token=hidden"
  };

  private final RecordingSink sink = new RecordingSink();
  private RunningApplication application;

  @AfterEach
  void stop() {
    if (application != null) {
      application.close();
    }
    sink.assertNothingLeft();
  }

  private String health(String... properties) throws Exception {
    application =
        RunningApplication.start(
            AutoConfigurationTest.Service.class, sink, RunningApplication.join(SHOWN, properties));
    application.get("/hello");
    sink.takeNext();
    application.tracker().flush(RecordingSink.PATIENCE);
    Wire.Answer answer = application.get("/actuator/health");
    assertThat(answer.status()).isEqualTo(200);
    return answer.body();
  }

  @Test
  void it_is_up_with_the_ledger_and_without_secrets() throws Exception {
    assertThat(health())
        .contains("\"runtracker\":{", "\"standingStill\":[]", "\"serverAway\":false")
        .contains("\"delivered\":1", "\"dropped\":{}")
        .doesNotContain("hidden", "lastError");
    assertThat(application.get("/actuator/health/runtracker").body()).contains("\"status\":\"UP\"");
  }

  @Test
  void boots_own_switch_leaves_it_out() throws Exception {
    assertThat(health("management.health.runtracker.enabled=false"))
        .contains("ping")
        .doesNotContain("runtracker");
  }

  @Test
  void a_tracker_that_is_off_says_so_and_is_well() {
    try (Tracker off = Tracker.builder().environment(Map.of()).enabled(false).build()) {
      assertThat(TrackerHealth.of(off))
          .isEqualTo(new TrackerHealth(true, Map.of("enabled", false)));
    }
  }

  @Test
  void the_details_name_the_stage_that_stands_still() {
    assertThat(TrackerHealth.of(standingStill()).details())
        .containsEntry("standingStill", List.of("delivery"))
        .containsEntry("serverAway", true)
        .containsEntry("lastError", "away")
        .containsEntry("oldestAge", "PT2M");
  }

  /** As where the spool's disk hangs. */
  static TrackerStats standingStill() {
    Ledger ledger = new Ledger(5, 4, 1, 3, 0, Map.of(DropReason.RING_FULL, 1L));
    List<String> still = List.of("delivery");
    return new TrackerStats(
        ledger,
        1,
        8192,
        8190,
        3,
        300,
        0,
        Duration.ofMinutes(2),
        7,
        0,
        true,
        false,
        0,
        still,
        "away");
  }
}
