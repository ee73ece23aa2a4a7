// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.runtracker.DropReason;
import io.runtracker.RequestCustomizer;
import io.runtracker.RequestEvent;
import io.runtracker.RequestFilter;
import io.runtracker.RunNaming;
import io.runtracker.RunStatus;
import io.runtracker.Tracker;
import io.runtracker.TrackerMetrics;
import io.runtracker.mlflow.MlflowSink;
import io.runtracker.servlet.TrackingFilter;
import io.runtracker.sink.Sink;
import io.runtracker.testkit.RecordingSink;
import io.runtracker.testkit.Wire;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** What is put together, and from what. */
class AutoConfigurationTest {

  private final RecordingSink sink = new RecordingSink();
  private RunningApplication application;

  @AfterEach
  void stop() {
    if (application != null) {
      application.close();
    }
    sink.assertNothingLeft();
  }

  private void start(Class<?> configuration, String... properties) {
    application = RunningApplication.start(configuration, sink, properties);
  }

  private Tracker tracker() {
    return application.tracker();
  }

  /** As Spring Boot marks the contexts of its tests. */
  private static final String IN_A_TEST =
      "org.springframework.boot.test.context.SpringBootTestContextBootstrapper=true";

  @Test
  void in_the_context_of_a_test_nothing_is_tracked_unless_it_asks_for_it() throws Exception {
    // No sink could be built with this, and none is.
    application =
        RunningApplication.start(
            Service.class, context -> {}, IN_A_TEST, "runtracker.tracking-uri=nonsense");
    assertThat(tracker().isEnabled()).isFalse();
    assertThat(application.get("/hello").body()).isEqualTo("hello");
    application.close();

    application =
        RunningApplication.start(Service.class, sink, IN_A_TEST, "runtracker.enabled=true");
    assertThat(application.get("/hello").body()).isEqualTo("hello");
    assertThat(sink.takeNext().target().path()).isEqualTo("/hello");
  }

  @Test
  void the_context_of_a_test_closes_without_waiting_for_mlflow() throws Exception {
    String[] unreachable = {
      IN_A_TEST, "runtracker.enabled=true", "runtracker.tracking-uri=http://127.0.0.1:9"
    };
    RunningApplication test = RunningApplication.start(Service.class, context -> {}, unreachable);
    assertThat(test.get("/hello").body()).isEqualTo("hello");
    Tracker tracker = test.tracker();
    test.close();
    assertThat(tracker.stats().ledger().dropped()).containsEntry(DropReason.SHUTDOWN, 1L);

    application =
        RunningApplication.start(
            Service.class,
            sink,
            IN_A_TEST,
            "runtracker.enabled=true",
            "runtracker.close-timeout=10s"); // who asks for it
    assertThat(application.get("/hello").body()).isEqualTo("hello");
    application.close();
    assertThat(sink.takeNext().target().path()).isEqualTo("/hello");
  }

  // --- the beans

  @Test
  void where_kafka_is_configured_requests_go_there() {
    application =
        RunningApplication.start(
            Service.class,
            context -> {},
            "runtracker.kafka.bootstrap-servers=localhost:1",
            "runtracker.kafka.linger.ms=20",
            "runtracker.kafka.format=json",
            "RUNTRACKER_KAFKA_TOPIC=orders");
    assertThat(application.context().getBean(Sink.class))
        .hasToString("the Kafka topic orders at localhost:1, as JSON");
  }

  @Test
  void the_sink_may_be_named() {
    application =
        RunningApplication.start(
            Service.class,
            context -> {},
            "runtracker.sink=mlflow",
            "runtracker.kafka.bootstrap-servers=localhost:1");
    assertThat(application.context().getBean(Sink.class)).isInstanceOf(MlflowSink.class);
  }

  @Test
  void everything_is_there_by_itself() {
    application = RunningApplication.start(Service.class, context -> {});
    assertThat(application.context().getBean(Sink.class)).isInstanceOf(MlflowSink.class);
    assertThat(tracker().isEnabled()).isTrue();
    assertThat(application.context().getBean(TrackingExceptionResolver.class).getOrder())
        .isEqualTo(Ordered.HIGHEST_PRECEDENCE);
    FilterRegistrationBean<?> filter =
        application.context().getBean("runtrackerFilterRegistration", FilterRegistrationBean.class);
    assertThat(filter.getOrder()).isEqualTo(Ordered.HIGHEST_PRECEDENCE);
    assertThat(filter.isAsyncSupported()).isTrue();
  }

  @Test
  void turned_off_by_a_property_the_service_is_served_and_nothing_else_happens() throws Exception {
    application =
        RunningApplication.start(
            Service.class,
            context -> {},
            // No sink could be built with this, and none is.
            "runtracker.enabled=false",
            "runtracker.tracking-uri=nonsense");
    assertThat(tracker().isEnabled()).isFalse();
    assertThat(application.get("/hello").body()).isEqualTo("hello");
    assertThat(application.get("/conflict").status()).isEqualTo(409);
    assertThat(tracker().stats().ledger().offered()).isZero();
  }

  @Test
  void turned_off_by_mlflows_own_word() {
    application =
        RunningApplication.start(
            Service.class, context -> {}, "MLFLOW_ENABLE=False", "MLFLOW_TRACKING_URI=nonsense");
    assertThat(tracker().isEnabled()).isFalse();
  }

  @Test
  void a_mistake_in_the_settings_stops_the_start_and_names_the_setting() {
    assertThatThrownBy(
            () ->
                RunningApplication.start(Service.class, sink, "runtracker.ring-size=1000").close())
        .rootCause()
        .hasMessageContaining("ringSize");
    assertThatThrownBy(
            () ->
                RunningApplication.start(
                        Service.class, context -> {}, "runtracker.tracking-uri=nonsense")
                    .close())
        .rootCause()
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void a_tracker_of_the_applications_own_is_used() throws Exception {
    start(OwnTracker.class, "runtracker.skip=/hello");
    application.get("/hello");
    assertThat(sink.takeNext().tags()).isEmpty();
    assertThat(tracker()).isSameAs(application.context().getBean("own", Tracker.class));
  }

  @Test
  void a_registration_of_the_applications_own_takes_the_place_of_ours() throws Exception {
    start(OwnRegistration.class);
    application.get("/hello");
    application.get("/conflict");
    assertThat(sink.takeNext().target().path()).isEqualTo("/conflict");
  }

  @Test
  void a_resolver_and_metrics_of_the_applications_own_are_used() throws Exception {
    start(OwnResolver.class);
    application.get("/conflict");
    assertThat(sink.takeNext().status()).isEqualTo(RunStatus.FAILED);
    assertThat(application.context().getBeanNamesForType(TrackingExceptionResolver.class))
        .containsExactly("ownResolver");
    assertThat(application.context().getBeanNamesForType(TrackerMetrics.class))
        .containsExactly("ownMetrics");
  }

  @Test
  void customizers_have_the_last_word() throws Exception {
    start(Customized.class, "runtracker.skip=/conflict");
    application.get("/hello");
    application.get("/conflict");
    assertThat(sink.takeNext().target().path()).isEqualTo("/conflict");
  }

  // --- properties

  @Test
  void properties_reach_the_builders(@TempDir Path directory) throws Exception {
    start(
        Service.class,
        "runtracker.skip=/hello,/a/**",
        "runtracker.redact=q",
        "runtracker.ring-size=64",
        "runtracker.when-full=block",
        "runtracker.batch-size=1",
        "runtracker.batch-bytes=64KB",
        "runtracker.batch-age=1ms",
        "runtracker.spool-dir=" + directory.resolve("spool"),
        "runtracker.spool-quota=16MB",
        "runtracker.durability=power",
        "runtracker.queue-size=100",
        "runtracker.queue-bytes=1MB",
        "runtracker.in-flight=2",
        "runtracker.close-timeout=20s");
    assertThat(tracker().stats().ringCapacity()).isEqualTo(64);
    assertThat(Files.isDirectory(directory.resolve("spool"))).isTrue();
    application.get("/hello");
    application.get("/a/b");
    application.get("/conflict?q=secret&r=plain");
    RequestEvent event = sink.takeNext();
    assertThat(event.target().query()).doesNotContain("secret").contains("r=plain");
  }

  @Test
  void properties_say_what_is_recorded_of_requests_and_of_how_many() throws Exception {
    start(
        Service.class,
        "runtracker.sample-ratio=0",
        "runtracker.slow-threshold=1d",
        "runtracker.record-headers=Host,Accept",
        "runtracker.record-client-address=true");
    application.get("/hello");
    application.get("/unavailable");
    RequestEvent event = sink.takeNext();
    assertThat(event.target().path()).isEqualTo("/unavailable");
    assertThat(event.tags())
        .containsEntry("http.request.header.host", "localhost")
        .containsEntry("client.address", "127.0.0.1");
  }

  @Test
  void beans_filter_customize_and_name() throws Exception {
    start(Hooked.class);
    application.get("/hello");
    application.get("/conflict");
    RequestEvent event = sink.takeNext();
    assertThat(event.runName()).isEqualTo("bean /conflict");
    assertThat(event.tags()).containsEntry("first", "409").containsEntry("order", "second");
  }

  @Test
  void handled_exceptions_are_ignored_on_demand() throws Exception {
    start(Service.class, "runtracker.handled-exceptions=ignore");
    application.get("/conflict");
    assertThat(sink.takeNext().params()).isEmpty();
    application.get("/unavailable");
    RequestEvent event = sink.takeNext();
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
    assertThat(event.errorType()).isNull();
  }

  @Test
  void handled_exceptions_all_fail_their_runs_on_demand() throws Exception {
    start(Service.class, "runtracker.handled-exceptions=all");
    application.get("/conflict");
    RequestEvent event = sink.takeNext();
    assertThat(event.statusCode()).isEqualTo(409);
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
    assertThat(event.errorType()).isEqualTo(ResponseStatusException.class.getName());
  }

  @Test
  void the_url_is_the_public_one_where_spring_reads_forwarded_headers() throws Exception {
    start(Service.class, "server.forward-headers-strategy=framework");
    Wire.send(
        application.port(),
        "GET",
        "/hello",
        "X-Forwarded-Host: shop.example.org\r\nX-Forwarded-Proto: https\r\n",
        "");
    assertThat(sink.takeNext().target().url()).isEqualTo("https://shop.example.org/hello");
  }

  @Test
  void orders_are_properties() {
    start(Service.class, "runtracker.filter-order=17", "runtracker.exception-resolver-order=18");
    assertThat(
            application
                .context()
                .getBean("runtrackerFilterRegistration", FilterRegistrationBean.class)
                .getOrder())
        .isEqualTo(17);
    assertThat(application.context().getBean(TrackingExceptionResolver.class).getOrder())
        .isEqualTo(18);
  }

  @Test
  void the_environments_variables_are_bound_with_underscores() throws Exception {
    application =
        RunningApplication.start(
            Service.class,
            context -> {
              context.getBeanFactory().registerSingleton("sink", sink);
              context
                  .getEnvironment()
                  .getPropertySources()
                  .addFirst(
                      new SystemEnvironmentPropertySource(
                          "test-systemEnvironment",
                          Map.of(
                              "RUNTRACKER_RING_SIZE", "128",
                              "RUNTRACKER_BATCH_AGE", "2ms",
                              "RUNTRACKER_SKIP", "/hello, /other",
                              "RUNTRACKER_WHEN_FULL", "BLOCK")));
            });
    assertThat(tracker().stats().ringCapacity()).isEqualTo(128);
    application.get("/hello");
    application.get("/conflict");
    assertThat(sink.takeNext().target().path()).isEqualTo("/conflict");
  }

  @Test
  void mlflows_variables_may_be_properties_and_the_first_source_wins() {
    StandardEnvironment environment = new StandardEnvironment();
    environment
        .getPropertySources()
        .addLast(
            new MapPropertySource(
                "lower",
                Map.of(
                    "MLFLOW_TRACKING_URI", "http://lower",
                    "MLFLOW_EXPERIMENT_NAME", "${team}-service",
                    "team", "blue")));
    environment
        .getPropertySources()
        .addFirst(new MapPropertySource("higher", Map.of("MLFLOW_TRACKING_URI", "http://higher")));
    assertThat(Variables.of(environment))
        .containsEntry("MLFLOW_TRACKING_URI", "http://higher")
        .containsEntry("MLFLOW_EXPERIMENT_NAME", "blue-service");
  }

  @Test
  void the_actuators_paths_are_skipped_wherever_they_are() throws Exception {
    start(Service.class, "management.endpoints.web.base-path=/manage");
    application.get("/manage/health");
    application.get("/manage");
    application.get("/health");
    assertThat(sink.takeAll()).isEmpty();
  }

  @Test
  void credentials_are_not_told_by_the_properties() {
    start(Service.class, "runtracker.password=hidden", "runtracker.token=hidden");
    assertThat(application.context().getBean(RuntrackerProperties.class).toString())
        .doesNotContain("hidden");
  }

  @Test
  void every_property_has_its_description_in_the_metadata() throws Exception {
    try (InputStream in =
        RuntrackerProperties.class.getResourceAsStream(
            "/META-INF/spring-configuration-metadata.json")) {
      String metadata = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      String properties = metadata.substring(metadata.indexOf("\"properties\""));
      for (var component : RuntrackerProperties.class.getRecordComponents()) {
        String name = component.getName().replaceAll("([A-Z])", "-$1").toLowerCase();
        int at = properties.indexOf("\"runtracker." + name + "\"");
        assertThat(at).as(name).isPositive();
        assertThat(properties.substring(at, properties.indexOf('}', at)))
            .as(name)
            .contains("\"description\"");
      }
    }
  }

  @Test
  void every_setting_of_the_builders_is_a_property() {
    var properties =
        Arrays.stream(RuntrackerProperties.class.getRecordComponents())
            .map(component -> component.getName().replaceFirst("^spoolDir$", "spool"))
            .map(name -> name.equals("tags") ? "tag" : name)
            .toList();
    for (Class<?> builder : new Class<?>[] {Tracker.Builder.class, MlflowSink.Builder.class}) {
      assertThat(Arrays.stream(builder.getDeclaredMethods()))
          .filteredOn(m -> java.lang.reflect.Modifier.isPublic(m.getModifiers()))
          .filteredOn(m -> m.getReturnType() == builder)
          .filteredOn(m -> !m.isSynthetic())
          .filteredOn(m -> !isGivenByABean(m.getName()))
          .allSatisfy(m -> assertThat(properties).contains(m.getName()));
    }
  }

  /** The sink and what is code are beans, the environment Spring's, and the hook is off. */
  private static boolean isGivenByABean(String setting) {
    return setting.equals("sink")
        || setting.equals("environment")
        || setting.equals("shutdownHook")
        || setting.equals("filter")
        || setting.equals("customizer")
        || setting.equals("naming");
  }

  // --- metrics

  @Test
  void the_trackers_metrics_are_bound_to_the_registry() throws Exception {
    start(Measured.class);
    application.get("/hello");
    sink.takeNext();
    tracker().flush(RecordingSink.PATIENCE);
    MeterRegistry registry = application.context().getBean(MeterRegistry.class);
    assertThat(registry.get("runtracker.offered").functionCounter().count()).isEqualTo(1);
    assertThat(registry.get("runtracker.delivered").functionCounter().count()).isEqualTo(1);
  }

  // --- configurations

  @RestController
  static class Controller {
    @GetMapping("/hello")
    String hello() {
      return "hello";
    }

    @GetMapping("/conflict")
    String conflict() {
      throw new ResponseStatusException(org.springframework.http.HttpStatus.CONFLICT);
    }

    @GetMapping("/unavailable")
    String unavailable() {
      throw new ResponseStatusException(org.springframework.http.HttpStatus.SERVICE_UNAVAILABLE);
    }
  }

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  @Import(Controller.class)
  static class Service {}

  @Configuration(proxyBeanMethods = false)
  @Import(Service.class)
  static class OwnTracker {
    @Bean
    Tracker own(Sink sink) {
      return Tracker.builder().environment(Map.of()).sink(sink).shutdownHook(false).build();
    }
  }

  @Configuration(proxyBeanMethods = false)
  @Import(Service.class)
  static class OwnRegistration {
    @Bean
    FilterRegistrationBean<TrackingFilter> runtrackerFilterRegistration(Tracker tracker) {
      FilterRegistrationBean<TrackingFilter> own =
          new FilterRegistrationBean<>(new TrackingFilter(tracker));
      own.addUrlPatterns("/conflict");
      return own;
    }
  }

  @Configuration(proxyBeanMethods = false)
  @Import(Service.class)
  static class OwnResolver {
    @Bean
    TrackingExceptionResolver ownResolver() {
      return new TrackingExceptionResolver(HandledExceptions.ALL);
    }

    @Bean
    TrackerMetrics ownMetrics(Tracker tracker) {
      return new TrackerMetrics(tracker);
    }
  }

  @Configuration(proxyBeanMethods = false)
  @Import(Service.class)
  static class Customized {
    @Bean
    TrackerBuilderCustomizer customizer() {
      return builder -> builder.skip("/hello");
    }
  }

  @Configuration(proxyBeanMethods = false)
  @Import(Service.class)
  static class Hooked {
    @Bean
    RequestFilter filter() {
      return request -> !request.path().equals("/hello");
    }

    @Bean
    @Order(2)
    RequestCustomizer second() {
      return request -> request.tag("order", "second");
    }

    @Bean
    @Order(1)
    RequestCustomizer first() {
      return request ->
          request.tag("order", "first").tag("first", String.valueOf(request.statusCode()));
    }

    @Bean
    RunNaming naming() {
      return request -> "bean " + request.target().path();
    }
  }

  @Configuration(proxyBeanMethods = false)
  @Import(Service.class)
  static class Measured {
    @Bean
    MeterRegistry registry() {
      return new SimpleMeterRegistry();
    }
  }
}
