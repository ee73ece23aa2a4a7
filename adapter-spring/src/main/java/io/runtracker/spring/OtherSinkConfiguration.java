// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import io.runtracker.Tracker;
import io.runtracker.internal.config.SinkProviders;
import io.runtracker.sink.Sink;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingClass;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;
import org.springframework.core.env.ConfigurableEnvironment;

/** The sink where MLflow's is not on the class path. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnMissingClass("io.runtracker.mlflow.MlflowSink")
class OtherSinkConfiguration {

  /** Lazy, because a tracker that is off does not ask for it; closed by the tracker. */
  @Bean(destroyMethod = "")
  @Lazy
  @ConditionalOnMissingBean
  Sink runtrackerSink(ConfigurableEnvironment environment) {
    return SinkProviders.of(Tracker.class.getClassLoader()).create(Variables.of(environment));
  }
}
