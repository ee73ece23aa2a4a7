// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import io.runtracker.Tracker;
import io.runtracker.sink.Sink;
import io.runtracker.testkit.Wire;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;

/** A Spring Boot application on a free port. */
record RunningApplication(ConfigurableApplicationContext context) implements AutoCloseable {

  static RunningApplication start(
      Class<?> application, Consumer<ConfigurableApplicationContext> before, String... properties) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--server.port=0",
                "--server.address=127.0.0.1",
                "--spring.main.banner-mode=off",
                "--spring.jmx.enabled=false",
                // Tomcat reports every exception that the tests have their endpoints throw.
                "--logging.level.org.apache=OFF",
                "--logging.level.root=OFF",
                "--logging.level.org.springframework.web=ERROR"));
    Arrays.stream(properties).filter(p -> !p.isEmpty()).map(p -> "--" + p).forEach(arguments::add);
    ApplicationContextInitializer<ConfigurableApplicationContext> initializer = before::accept;
    return new RunningApplication(
        new SpringApplicationBuilder(application)
            .web(WebApplicationType.SERVLET)
            .registerShutdownHook(false)
            .initializers(initializer)
            .run(arguments.toArray(String[]::new)));
  }

  /** With its runs going to a sink of the test's. */
  static RunningApplication start(Class<?> application, Sink sink, String... properties) {
    return start(
        application,
        context -> context.getBeanFactory().registerSingleton("sink", sink),
        properties);
  }

  static String[] join(String[] first, String... second) {
    List<String> all = new ArrayList<>(Arrays.asList(first));
    all.addAll(Arrays.asList(second));
    return all.toArray(String[]::new);
  }

  int port() {
    return context.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
  }

  Tracker tracker() {
    return context.getBean(Tracker.class);
  }

  Wire.Answer get(String path) throws Exception {
    return Wire.send(port(), "GET", path);
  }

  @Override
  public void close() {
    context.close();
  }
}
