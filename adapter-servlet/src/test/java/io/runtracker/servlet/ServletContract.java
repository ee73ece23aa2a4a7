// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.DropReason;
import io.runtracker.RequestEvent;
import io.runtracker.Tracker;
import io.runtracker.testkit.AdapterContract;
import io.runtracker.testkit.Endpoint;
import io.runtracker.testkit.RecordingSink;
import io.runtracker.testkit.RunningServer;
import io.runtracker.testkit.Setup;
import io.runtracker.testkit.Wire;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The contract of adapters, as plain servlets and their filter have it. */
abstract class ServletContract extends AdapterContract {

  @Override
  protected String missing(Endpoint endpoint) {
    return endpoint == Endpoint.HANDLED
        ? "plain servlets have nothing that maps exceptions to statuses behind the filter"
        : null;
  }

  @Override
  protected String route(Endpoint endpoint) {
    return endpoint == Endpoint.ROOT ? "/" : EndpointServlet.pattern(endpoint);
  }

  @Test
  @DisplayName("5: what the container refuses is recorded with what it answers")
  void recordsWhatTheContainerRefuses() throws Exception {
    String noBoundary = "Content-Type: multipart/form-data\r\n";
    Wire.Answer answer = Wire.send(port(), "POST", Service.PARTS, noBoundary, "a=b");
    RequestEvent event = sink().takeNext();
    // Undertow takes such a body for one without parts.
    assertThat(event.statusCode()).isEqualTo(answer.status()).isIn(200, 400, 500);
    assertThat(event.errorType() == null).isEqualTo(answer.status() == 200);
  }

  @Test
  @DisplayName("48: a request whose getters throw is served, and counted as a fault of ours")
  void survivesBrokenGetters() throws Exception {
    RecordingSink own = new RecordingSink();
    try (Tracker second = newTracker(own);
        RunningServer server = start(second, application(), Setup.PLAIN)) {
      Wire.Answer answer =
          Wire.send(server.port(), "GET", "/handle", Service.BROKEN_GETTERS + ": yes\r\n", "");
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.body()).isEqualTo("untracked");
      assertThat(second.stats().ledger().dropped()).containsEntry(DropReason.CAPTURE_FAULT, 1L);
      own.assertNothingLeft();
    }
  }
}
