// SPDX-License-Identifier: Apache-2.0
package io.runtracker.javalin;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.RequestEvent;
import io.runtracker.Tracker;
import io.runtracker.testkit.AdapterContract;
import io.runtracker.testkit.Application;
import io.runtracker.testkit.Endpoint;
import io.runtracker.testkit.RunningServer;
import io.runtracker.testkit.Setup;
import io.runtracker.testkit.Wire;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The contract of adapters, as Javalin has it. */
class JavalinTest extends AdapterContract {

  @Override
  protected RunningServer start(Tracker tracker, Application application, Setup setup) {
    return JavalinServer.start(tracker, application, setup);
  }

  @Override
  protected String missing(Endpoint endpoint) {
    return switch (endpoint) {
      case ASYNC_DISPATCH, ASYNC_DISPATCH_HANDLE, ASYNC_DISPATCH_THROW ->
          "Javalin completes what was started when its handlers are done, so nothing is dispatched";
      case INCLUDE -> "Javalin routes by the request's URI, which an include leaves as it was";
      case ASYNC_EXPLICIT -> "Javalin calls startAsync itself, with what it was given";
      default -> null;
    };
  }

  /** Javalin names the endpoint when it calls it, and to ask its router twice would cost. */
  @Override
  protected boolean knowsRouteOfHandlersAtWork() {
    return false;
  }

  @Override
  protected String upgradeTo() {
    return "websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==";
  }

  @Test
  @DisplayName("36: OPTIONS * has a URL")
  void recordsAQuestionAboutTheServer() throws Exception {
    int status = Wire.send(port(), "OPTIONS", "*").status();
    RequestEvent event = sink().takeNext();
    assertThat(event.statusCode()).isEqualTo(status);
    assertThat(URI.create(event.target().url()).getHost()).isEqualTo("localhost");
    assertThat(event.target().path()).isEqualTo("/*");
  }

  @Test
  @DisplayName(
      "46: what is logged after the after-handlers, while the body is written, is recorded")
  void recordsUntilTheBodyIsWritten() throws Exception {
    assertThat(Wire.send(port(), "GET", JavalinServer.BODY_AFTER).body()).isEqualTo("written");
    assertThat(sink().takeNext().params())
        .containsExactly(Map.entry("after", "before the body"), Map.entry("body", "written"));
  }

  @Test
  @DisplayName("46: a request that skips its after-handlers is recorded")
  void recordsWhatSkipsAfterHandlers() throws Exception {
    assertThat(Wire.send(port(), "GET", JavalinServer.SKIPS_AFTER).status()).isEqualTo(202);
    RequestEvent event = sink().takeNext();
    assertThat(event.statusCode()).isEqualTo(202);
    assertThat(event.route()).isEqualTo(JavalinServer.SKIPS_AFTER);
    assertThat(event.params()).isEmpty();
  }
}
