// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import io.runtracker.Tracker;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/** The tracker in the health of Spring Boot 4. */
@AutoConfiguration(after = RuntrackerAutoConfiguration.class)
@ConditionalOnClass(
    name =
        "org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator")
@ConditionalOnBean(Tracker.class)
@ConditionalOnEnabledHealthIndicator("runtracker")
final class Boot4HealthAutoConfiguration {

  @Bean
  @ConditionalOnMissingBean(name = "runtrackerHealthIndicator")
  HealthIndicator runtrackerHealthIndicator(Tracker tracker) {
    return () -> health(TrackerHealth.of(tracker));
  }

  /** UNKNOWN weighs less than UP, so that it is seen and changes no answer of the whole. */
  static Health health(TrackerHealth now) {
    return (now.isMoving() ? Health.up() : Health.unknown()).withDetails(now.details()).build();
  }
}
