// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.RequestEvent;
import io.runtracker.RunStatus;
import io.runtracker.Tracker;
import io.runtracker.testkit.AdapterContract;
import io.runtracker.testkit.Application;
import io.runtracker.testkit.Endpoint;
import io.runtracker.testkit.RecordingSink;
import io.runtracker.testkit.RunningServer;
import io.runtracker.testkit.Setup;
import io.runtracker.testkit.Wire;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The contract of adapters, as a Spring Boot service has it: with Tomcat, unless a test says. */
public abstract class SpringContract extends AdapterContract {

  @Override
  protected RunningServer start(Tracker tracker, Application application, Setup setup) {
    return ContractService.start(service(), tracker, application, setup, properties());
  }

  /** The service, with another server where that is wanted. */
  protected Class<?> service() {
    return ContractService.class;
  }

  /** What a line or a variant sets beside. */
  protected String[] properties() {
    return new String[0];
  }

  @Override
  protected String missing(Endpoint endpoint) {
    return switch (endpoint) {
      case UNAVAILABLE_FOR_GOOD ->
          "Spring MVC has no such exception; the servlet API's takes its one servlet out of service";
      case THROW_BROKEN ->
          "Spring MVC asks an escaping exception for its message, and lets out what that throws";
      default -> null;
    };
  }

  /** A dispatch to another path takes the target's route, as a forward does. */
  @Override
  protected String route(Endpoint endpoint) {
    return endpoint == Endpoint.ASYNC_DISPATCH ? Endpoint.ITEM.template() : super.route(endpoint);
  }

  @Test
  @DisplayName("16: a DeferredResult that times out is recorded once, with its route")
  void recordsADeferredResultThatTimesOut() throws Exception {
    RequestEvent unanswered = record(Endpoint.ASYNC_TIMEOUT);
    assertThat(unanswered.statusCode()).isEqualTo(503);
    assertThat(unanswered.route()).isEqualTo("/async-timeout");
    RequestEvent answered = record(Endpoint.ASYNC_TIMEOUT_HANDLED);
    assertThat(answered.statusCode()).isEqualTo(503);
    assertThat(answered.route()).isEqualTo("/async-timeout-handled");
    // What came twice would be told as left over after this test.
    tracker().flush(RecordingSink.PATIENCE);
  }

  @Test
  @DisplayName("5: a multipart body without a boundary is recorded with what the client got")
  void recordsABodyThatCannotBeTakenApart() throws Exception {
    String noBoundary = "Content-Type: multipart/form-data\r\n";
    Wire.Answer answer = Wire.send(port(), "POST", "/hello", noBoundary, "a=b");
    RequestEvent event = sink().takeNext();
    assertThat(event.statusCode()).isEqualTo(answer.status());
  }

  @Test
  @DisplayName("24: a client that leaves a stream of events is recorded as that")
  void recordsAClientAbortOfEvents() throws Exception {
    for (int i = 0; i < 3; i++) {
      try (Wire wire = new Wire(port())) {
        wire.write(Wire.request("GET", "/endless-events", "", ""));
        wire.readUntil("endless");
        // By then the thread that took the request has let it go.
        record(Endpoint.HELLO);
        wire.reset();
      }
      RequestEvent event = sink().takeNext();
      assertThat(event.statusCode()).isEqualTo(200);
      assertThat(event.status()).isEqualTo(RunStatus.FAILED);
      assertThat(event.tags())
          .as("%s: %s", event.errorType(), event.errorDetails())
          .containsEntry("http.client_aborted", "true");
    }
  }

  @Test
  @DisplayName("29: a functional route has its template")
  void recordsFunctionalRoutes() throws Exception {
    assertThat(Wire.send(port(), "GET", "/functional/7").body()).isEqualTo("7");
    RequestEvent event = sink().takeNext();
    assertThat(event.route()).isEqualTo("/functional/{id}");
    assertThat(event.statusCode()).isEqualTo(200);
  }
}
