// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.SimpleHttpCodeStatusMapper;
import org.springframework.boot.actuate.health.SimpleStatusAggregator;
import org.springframework.boot.actuate.health.Status;

class Boot35HealthTest {

  @Test
  void a_tracker_that_stands_still_is_seen_and_leaves_the_service_up() {
    TrackerHealth still = TrackerHealth.of(HealthTest.standingStill());
    Health health = Boot3HealthAutoConfiguration.health(still);
    assertThat(health.getStatus()).isEqualTo(Status.UNKNOWN);
    assertThat(health.getDetails()).isEqualTo(still.details());
    assertThat(new SimpleStatusAggregator().getAggregateStatus(Status.UP, health.getStatus()))
        .isEqualTo(Status.UP);
    assertThat(new SimpleHttpCodeStatusMapper().getStatusCode(health.getStatus())).isEqualTo(200);
  }
}
