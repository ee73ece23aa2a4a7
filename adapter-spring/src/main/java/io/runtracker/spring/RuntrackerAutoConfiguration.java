// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import io.runtracker.RequestCustomizer;
import io.runtracker.RequestFilter;
import io.runtracker.RunNaming;
import io.runtracker.Tracker;
import io.runtracker.TrackerMetrics;
import io.runtracker.servlet.TrackingFilter;
import io.runtracker.servlet.TrackingListener;
import io.runtracker.sink.Sink;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import java.time.Duration;
import java.util.EnumSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.boot.web.servlet.ServletListenerRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/**
 * Tracks the requests of a Spring Boot servlet application: a {@link Tracker} that writes to MLflow
 * or another sink, its filter before all others, a resolver that notes exceptions, and metrics
 * where Micrometer is. Each of these beans gives way to one of the application's own.
 *
 * <p>The tracker is closed as the bean that it is: when the web server has stopped, and every
 * request that it let finish is recorded.
 */
@AutoConfiguration
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnClass({Filter.class, FilterRegistrationBean.class})
@EnableConfigurationProperties(RuntrackerProperties.class)
@Import({MlflowSinkConfiguration.class, OtherSinkConfiguration.class})
public final class RuntrackerAutoConfiguration {

  /**
   * Set by Spring Boot in the contexts of its tests. Nothing is tracked there unless the test asks
   * for it; and what it leaves undelivered nobody waits for, because a suite has many contexts to
   * close.
   */
  private static final String IS_A_TEST =
      "org.springframework.boot.test.context.SpringBootTestContextBootstrapper";

  private static final Logger log = LoggerFactory.getLogger(Tracker.class);

  /** For Spring. */
  public RuntrackerAutoConfiguration() {}

  @Bean
  @ConditionalOnMissingBean
  Tracker runtracker(
      RuntrackerProperties properties,
      ConfigurableEnvironment environment,
      ObjectProvider<Deployment> deployments,
      ObjectProvider<Sink> sink,
      ObjectProvider<RequestFilter> filters,
      ObjectProvider<RequestCustomizer> requestCustomizers,
      ObjectProvider<RunNaming> naming,
      ObjectProvider<TrackerBuilderCustomizer> customizers) {
    UnknownProperties.in(environment).forEach(log::warn);
    Tracker.Builder builder =
        Tracker.builder().environment(Variables.of(environment)).skip(DefaultSkip.of(environment));
    if (isEnabled(properties, environment)) {
      builder.sink(sink.getObject());
    } else {
      builder.enabled(false);
    }
    if (isATest(environment)) {
      builder.closeTimeout(Duration.ZERO);
    }
    properties.applyTo(builder);
    Deployment deployment = deployments.getIfAvailable();
    if (deployment != null && properties.spoolDir() != null) {
      builder.spool(deployment.spoolDir(properties.spoolDir(), environment));
    }
    filters.orderedStream().forEach(builder::filter);
    requestCustomizers.orderedStream().forEach(builder::customizer);
    naming.ifAvailable(builder::naming);
    customizers.orderedStream().forEach(customizer -> customizer.customize(builder));
    // The JVM's own hooks run in no order: this one would not wait for the web server.
    return builder.shutdownHook(false).build();
  }

  private static boolean isEnabled(
      RuntrackerProperties properties, ConfigurableEnvironment environment) {
    Boolean told = properties.enabled();
    if (told != null) {
      return told;
    }
    String byMlflow = environment.getProperty("MLFLOW_ENABLE", "true").strip();
    return !isATest(environment) && !"false".equalsIgnoreCase(byMlflow);
  }

  static boolean isATest(ConfigurableEnvironment environment) {
    return environment.getProperty(IS_A_TEST, Boolean.class, false);
  }

  @Bean
  @ConditionalOnMissingBean(name = "runtrackerFilterRegistration")
  FilterRegistrationBean<TrackingFilter> runtrackerFilterRegistration(
      Tracker tracker, RuntrackerProperties properties, ConfigurableEnvironment environment) {
    FilterRegistrationBean<TrackingFilter> registration =
        new FilterRegistrationBean<>(new TrackingFilter(tracker));
    registration.setName("runtracker");
    registration.setOrder(filterOrder(properties, environment));
    registration.setAsyncSupported(true);
    registration.setDispatcherTypes(
        EnumSet.of(
            DispatcherType.REQUEST,
            DispatcherType.ASYNC,
            DispatcherType.ERROR,
            DispatcherType.FORWARD));
    registration.setEnabled(tracker.isEnabled());
    return registration;
  }

  /**
   * Spring's own filter for {@code X-Forwarded-*} has the highest precedence too, and is to run
   * before: else chance decides whether the URL is the public one.
   */
  private static int filterOrder(
      RuntrackerProperties properties, ConfigurableEnvironment environment) {
    int order = properties.filterOrder();
    boolean forwards =
        "framework".equalsIgnoreCase(environment.getProperty("server.forward-headers-strategy"));
    return forwards && order == Ordered.HIGHEST_PRECEDENCE ? order + 1 : order;
  }

  /** For containers in which the filter cannot know how a request ends. */
  @Bean
  @ConditionalOnMissingBean(name = "runtrackerListenerRegistration")
  ServletListenerRegistrationBean<TrackingListener> runtrackerListenerRegistration(
      Tracker tracker) {
    ServletListenerRegistrationBean<TrackingListener> registration =
        new ServletListenerRegistrationBean<>(new TrackingListener());
    registration.setEnabled(tracker.isEnabled());
    return registration;
  }

  /** Where Spring MVC is. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(name = "org.springframework.web.servlet.HandlerExceptionResolver")
  static final class MvcConfiguration {

    @Bean
    @ConditionalOnMissingBean
    TrackingExceptionResolver runtrackerExceptionResolver(RuntrackerProperties properties) {
      return new TrackingExceptionResolver(
          properties.handledExceptions(), properties.exceptionResolverOrder());
    }

    @Bean
    @ConditionalOnMissingBean(name = "runtrackerRouteConfigurer")
    WebMvcConfigurer runtrackerRouteConfigurer() {
      return new RouteConfigurer();
    }

    @Bean
    @ConditionalOnMissingBean(name = "runtrackerStaticResources")
    WebMvcConfigurer runtrackerStaticResources(RuntrackerProperties properties) {
      return new StaticResources(properties.skipStaticResources());
    }
  }

  /** Where Micrometer is; Spring Boot binds it to its registries. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(name = "io.micrometer.core.instrument.binder.MeterBinder")
  static final class MetricsConfiguration {

    @Bean
    @ConditionalOnMissingBean
    TrackerMetrics runtrackerMetrics(Tracker tracker) {
      return new TrackerMetrics(tracker);
    }
  }
}
