// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.springframework.boot.health.actuate.endpoint.SimpleHttpCodeStatusMapper;
import org.springframework.boot.health.actuate.endpoint.SimpleStatusAggregator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;

class Boot41HealthTest {

  @Test
  void a_tracker_that_stands_still_is_seen_and_leaves_the_service_up() {
    TrackerHealth still = TrackerHealth.of(HealthTest.standingStill());
    Health health = Boot4HealthAutoConfiguration.health(still);
    assertThat(health.getStatus()).isEqualTo(Status.UNKNOWN);
    assertThat(health.getDetails()).isEqualTo(still.details());
    assertThat(new SimpleStatusAggregator().getAggregateStatus(Status.UP, health.getStatus()))
        .isEqualTo(Status.UP);
    assertThat(new SimpleHttpCodeStatusMapper().getStatusCode(health.getStatus())).isEqualTo(200);
  }
}
