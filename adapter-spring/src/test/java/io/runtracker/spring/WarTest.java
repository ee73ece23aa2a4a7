// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.RequestEvent;
import io.runtracker.RunStatus;
import io.runtracker.Tracker;
import io.runtracker.sink.RunSink;
import io.runtracker.testkit.RecordingSink;
import io.runtracker.testkit.Wire;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.servlet.support.SpringBootServletInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.context.support.WebApplicationContextUtils;

/**
 * A WAR of Spring Boot in a Tomcat of somebody else's. Its filter for error pages forwards to
 * {@code /error} there, which is a handler like any other, and no route of the request.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WarTest {

  private final RecordingSink sink = new RecordingSink();
  private final Tomcat tomcat = new Tomcat();
  private Context shop;

  @BeforeAll
  void deploy(@TempDir Path directory) throws Exception {
    tomcat.setBaseDir(Files.createDirectory(directory.resolve("tomcat")).toString());
    tomcat.setSilent(true);
    tomcat.setPort(0);
    tomcat.setAddDefaultWebXmlToWebapp(false); // it asks for JSP
    Path war = war(directory);
    shop = deploy(tomcat, "/boot", war);
    shop.getServletContext().setAttribute("sink", sink);
    tomcat.getConnector();
    tomcat.start();
    assertThat(WebApplicationContextUtils.getWebApplicationContext(shop.getServletContext()))
        .as("what the initializer has begun")
        .isNotNull();
  }

  static Context deploy(Tomcat tomcat, String path, Path war) {
    Context context = tomcat.addWebapp(path, war.toString());
    // What else the tests' class path has: WebSocket, and the servers of other tests.
    context.setContainerSciFilter(".*[wW]eb[sS]ocket.*|org\\.eclipse\\..*|io\\.undertow\\..*");
    context.setParentClassLoader(WarTest.class.getClassLoader());
    return context;
  }

  /** Its own classes and what they stand in; all others come from the tests' class path. */
  static Path war(Path directory) throws IOException {
    Path war = directory.resolve("boot");
    for (Class<?> type : new Class<?>[] {WarTest.class, Shop.class, Controller.class}) {
      String file = type.getName().replace('.', '/') + ".class";
      Path copy = war.resolve("WEB-INF/classes").resolve(file);
      Files.createDirectories(copy.getParent());
      try (InputStream in = WarTest.class.getClassLoader().getResourceAsStream(file)) {
        Files.copy(in, copy);
      }
    }
    return war;
  }

  @AfterEach
  void everyEventWasAskedFor() {
    WebApplicationContextUtils.getRequiredWebApplicationContext(shop.getServletContext())
        .getBean(Tracker.class)
        .flush(RecordingSink.PATIENCE);
    sink.assertNothingLeft();
  }

  @AfterAll
  void undeploy() throws Exception {
    tomcat.stop();
    tomcat.destroy();
  }

  private RequestEvent record(String method, String path, int status) throws Exception {
    Wire.Answer answer = Wire.send(tomcat.getConnector().getLocalPort(), method, path);
    assertThat(answer.status()).isEqualTo(status);
    RequestEvent event = sink.takeNext();
    assertThat(event.statusCode()).isEqualTo(status);
    return event;
  }

  @Test
  void a_request_has_its_handlers_route() throws Exception {
    assertThat(record("GET", "/boot/numbers/1", 200).route()).isEqualTo("/boot/numbers/{n}");
  }

  @Test
  void a_param_that_does_not_convert_has_the_handlers_route() throws Exception {
    assertThat(record("GET", "/boot/numbers/x", 400).route()).isEqualTo("/boot/numbers/{n}");
  }

  @Test
  void a_path_that_nothing_serves_has_no_route() throws Exception {
    assertThat(record("GET", "/boot/no/such/path", 404).route()).isNull();
  }

  @Test
  void a_method_that_is_not_allowed_has_no_route() throws Exception {
    assertThat(record("DELETE", "/boot/numbers/1", 405).route()).isNull();
  }

  @Test
  void an_exception_has_the_handlers_route_and_fails_the_run() throws Exception {
    RequestEvent event = record("GET", "/boot/numbers/0", 500);
    assertThat(event.route()).isEqualTo("/boot/numbers/{n}");
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
    assertThat(event.errorType()).isEqualTo("java.lang.ArithmeticException");
  }

  @RestController
  static class Controller {
    @GetMapping("/numbers/{n}")
    int number(@PathVariable int n) {
      return 1 / n;
    }
  }

  /** Loaded by the WAR's own class loader, so it can only use what is public elsewhere. */
  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  @Import(Controller.class)
  static class Shop extends SpringBootServletInitializer {
    private RunSink sink;

    @Override
    public void onStartup(ServletContext context) throws ServletException {
      sink = (RunSink) context.getAttribute("sink");
      super.onStartup(context);
    }

    @Override
    protected SpringApplicationBuilder configure(SpringApplicationBuilder application) {
      return application
          .sources(Shop.class)
          .initializers(this::register)
          .properties(
              "spring.main.banner-mode=off", "spring.jmx.enabled=false", "logging.level.root=OFF");
    }

    /** Without one of the test's, it has the sink that it would have. */
    private void register(ConfigurableApplicationContext context) {
      if (sink != null) {
        context.getBeanFactory().registerSingleton("sink", sink);
      }
    }
  }
}
