// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.RequestEvent;
import io.runtracker.RunStatus;
import io.runtracker.Tracker;
import io.runtracker.testkit.Application;
import io.runtracker.testkit.Endpoint;
import io.runtracker.testkit.RunningServer;
import io.runtracker.testkit.Setup;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The contract of both Tomcats, and what they alone have. */
abstract class TomcatContract extends ServletContract {

  @Override
  protected RunningServer start(Tracker tracker, Application application, Setup setup)
      throws Exception {
    return TomcatServer.start(tracker, application, setup);
  }

  @Test
  @DisplayName("24: a client that resets its HTTP/2 stream is recorded as gone")
  void recordsAStreamThatTheClientResets() throws Exception {
    try (Http2Client client = new Http2Client(port())) {
      client.get(Endpoint.ENDLESS.template());
      client.awaitData();
      client.reset();
      RequestEvent event = sink().takeNext();
      assertThat(event.statusCode()).isEqualTo(200);
      assertThat(event.status()).isEqualTo(RunStatus.FAILED);
      assertThat(event.tags())
          .as("%s: %s", event.errorType(), event.errorDetails())
          .containsEntry("http.client_aborted", "true");
    }
  }
}
