// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import static io.runtracker.spring.RuntrackerProperties.set;
import static io.runtracker.spring.RuntrackerProperties.setText;

import io.runtracker.Tracker;
import io.runtracker.internal.config.SinkProviders;
import io.runtracker.mlflow.MlflowSink;
import io.runtracker.sink.Sink;
import java.util.Map;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.util.StringUtils;

/** The sink where MLflow's is on the class path: that one, or another that the user means. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnClass(MlflowSink.class)
class MlflowSinkConfiguration {

  /** Lazy, because a tracker that is off does not ask for it; closed by the tracker. */
  @Bean(destroyMethod = "")
  @Lazy
  @ConditionalOnMissingBean
  Sink runtrackerSink(
      RuntrackerProperties properties,
      ConfigurableEnvironment environment,
      ObjectProvider<Deployment> deployments,
      ObjectProvider<MlflowSinkBuilderCustomizer> customizers) {
    Map<String, String> variables = Variables.of(environment);
    SinkProviders sinks = SinkProviders.of(Tracker.class.getClassLoader());
    if (!sinks.choose("mlflow", variables)) {
      return sinks.create(variables);
    }
    MlflowSink.Builder builder = MlflowSink.builder().environment(variables);
    Deployment deployment = deployments.getIfAvailable();
    String application = environment.getProperty("spring.application.name");
    if (!StringUtils.hasText(application) && deployment != null) {
      application = deployment.serviceName();
    }
    if (StringUtils.hasText(application)) {
      builder.serviceName(application);
    }
    apply(properties, builder);
    customizers.orderedStream().forEach(customizer -> customizer.customize(builder));
    return builder.build();
  }

  private static void apply(RuntrackerProperties properties, MlflowSink.Builder builder) {
    setText(properties.trackingUri(), builder::trackingUri);
    setText(properties.experiment(), builder::experiment);
    setText(properties.experimentId(), builder::experimentId);
    setText(properties.username(), builder::username);
    setText(properties.password(), builder::password);
    setText(properties.token(), builder::token);
    set(properties.insecureTls(), builder::insecureTls);
    set(properties.serverCertificate(), builder::serverCertificate);
    set(properties.clientCertificate(), builder::clientCertificate);
    setText(properties.workspace(), builder::workspace);
    set(properties.requestTimeout(), builder::requestTimeout);
    set(properties.connectTimeout(), builder::connectTimeout);
    setText(properties.parentRun(), builder::parentRun);
    setText(properties.serviceName(), builder::serviceName);
    set(properties.durationMetric(), builder::durationMetric);
    set(properties.windowRoutes(), builder::windowRoutes);
    set(properties.windowFailureRatio(), builder::windowFailureRatio);
    set(properties.tags(), all -> all.forEach(builder::tag));
  }
}
