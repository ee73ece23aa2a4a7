// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.Tracker;
import io.runtracker.testkit.RecordingSink;
import io.runtracker.testkit.Wire;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.apache.catalina.Context;
import org.apache.catalina.authenticator.BasicAuthenticator;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.descriptor.web.LoginConfig;
import org.apache.tomcat.util.descriptor.web.SecurityCollection;
import org.apache.tomcat.util.descriptor.web.SecurityConstraint;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What Tomcat answers before it calls a filter: the table in docs/servlet.md. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TomcatOwnAnswersTest {

  private final RecordingSink sink = new RecordingSink();
  private final Tracker tracker = Tracker.builder().environment(Map.of()).sink(sink).build();
  private final Tomcat tomcat = new Tomcat();

  @BeforeAll
  void start(@TempDir Path directory) throws Exception {
    tomcat.setBaseDir(directory.toString());
    tomcat.setPort(0);
    tomcat.setSilent(true);
    tomcat.getConnector().setProperty("address", "127.0.0.1");
    Context context = tomcat.addContext("/app", directory.toString());
    Tomcat.addServlet(context, "hello", new SeveralContextsTest.Hello());
    context.addServletMappingDecoded("/hello/*", "hello");
    SecurityCollection secret = new SecurityCollection();
    secret.addPattern("/hello/secret");
    SecurityConstraint members = new SecurityConstraint();
    members.addCollection(secret);
    members.addAuthRole("member");
    context.addConstraint(members);
    context.setLoginConfig(new LoginConfig("BASIC", "app", null, null));
    context.getPipeline().addValve(new BasicAuthenticator());
    context.addServletContainerInitializer(
        (classes, servletContext) -> TrackingFilter.register(servletContext, tracker), Set.of());
    tomcat.start();
  }

  @AfterAll
  void stop() throws Exception {
    tomcat.stop();
    tomcat.destroy();
    tracker.close();
  }

  private int ask(String method, String target) throws Exception {
    return Wire.send(tomcat.getConnector().getLocalPort(), method, target).status();
  }

  private void assertNothingRecorded() {
    tracker.flush(RecordingSink.PATIENCE);
    sink.assertNothingLeft();
  }

  @ParameterizedTest
  @CsvSource({
    "GET,   /app,              302",
    "GET,   /app/unmapped,     404",
    "GET,   /app/hello/a%2fb,  400",
    "GET,   /app/hello/a%00b,  400",
    "TRACE, /app/hello,        405",
    "GET,   /app/hello/secret, 401",
  })
  void what_it_answers_by_itself_has_no_run(String method, String target, int status)
      throws Exception {
    assertThat(ask(method, target)).isEqualTo(status);
    assertNothingRecorded();
  }

  @Test
  void what_reaches_the_application_has_one() throws Exception {
    assertThat(ask("GET", "/app/hello")).isEqualTo(200);
    assertThat(sink.takeNext().statusCode()).isEqualTo(200);
    assertNothingRecorded();
  }
}
