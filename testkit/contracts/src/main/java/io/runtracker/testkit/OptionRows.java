// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.CompletedRequest;
import io.runtracker.DropReason;
import io.runtracker.Ledger;
import io.runtracker.RequestEvent;
import io.runtracker.RunStatus;
import io.runtracker.Tracker;
import io.runtracker.testkit.Wire.Answer;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Beyond the numbered rows: what a user may ask of a tracker, as it is seen through the adapter.
 */
abstract class OptionRows extends TrafficRows {

  private static final String UNTRACKED = "X-Untracked: yes\r\n";
  private static final String BROKEN_FILTER = "X-Broken-Filter: yes\r\n";
  private static final String BROKEN_CUSTOMIZER = "X-Broken-Customizer: yes\r\n";

  private final RecordingSink configuredSink = new RecordingSink();
  private @Nullable Tracker configured;
  private @Nullable RunningServer configuredServer;

  @BeforeAll
  final void startConfigured() throws Exception {
    Tracker tracker =
        trackerTo(configuredSink)
            .filter(request -> !request.method().equals("DELETE"))
            .filter(request -> request.header("x-untracked") == null)
            .filter(OptionRows::breakOnDemand)
            .recordHeaders("X-Tenant", "Authorization", "X-Absent")
            .recordClientAddress(true)
            .customizer(OptionRows::describe)
            .naming(request -> request.method() + " by " + request.route())
            .build();
    configured = tracker;
    configuredServer = start(tracker, application, Setup.PLAIN);
  }

  @AfterAll
  final void stopConfigured() {
    Objects.requireNonNull(configuredServer).close();
    Ledger ledger = Objects.requireNonNull(configured).close(RecordingSink.PATIENCE);
    configuredSink.assertNothingLeft();
    assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
  }

  private static boolean breakOnDemand(io.runtracker.IncomingRequest request) {
    if (request.header("X-Broken-Filter") != null) {
      throw new IllegalStateException("the filter is broken");
    }
    return true;
  }

  private static void describe(CompletedRequest request) {
    request
        .tag("tenant", request.requestHeader("x-tenant"))
        .tag("location", request.responseHeader("Location"))
        .tag("error", request.error() == null ? null : request.error().getMessage())
        .param("answered", request.statusCode());
    if (request.requestHeader("X-Broken-Customizer") != null) {
      throw new IllegalStateException("the customizer is broken");
    }
  }

  private Answer ask(String method, Endpoint endpoint, String headers) throws Exception {
    needs(endpoint);
    int port = Objects.requireNonNull(configuredServer).port();
    return Wire.send(port, method, endpoint.path(7), headers, "");
  }

  private RequestEvent asked(Endpoint endpoint, String headers) throws Exception {
    Answer answer = ask("GET", endpoint, headers);
    RequestEvent event = configuredSink.takeNext();
    assertThat(event.statusCode()).isEqualTo(answer.status());
    return event;
  }

  private void assertNothingWasRecorded() {
    Objects.requireNonNull(configured).flush(RecordingSink.PATIENCE);
    configuredSink.assertNothingLeft();
  }

  @Test
  @DisplayName("filter: a request is left out by its header, and served without a handle")
  void leavesOutByHeader() throws Exception {
    assertThat(ask("GET", Endpoint.HANDLE, UNTRACKED).body()).isEqualTo("untracked");
    assertNothingWasRecorded();
    assertThat(ask("GET", Endpoint.HANDLE, "").body()).isEqualTo("tracked");
    assertThat(configuredSink.takeNext().target().path()).isEqualTo("/handle");
  }

  @Test
  @DisplayName("filter: a request is left out by its method, whatever it is answered")
  void leavesOutByMethod() throws Exception {
    ask("DELETE", Endpoint.HELLO, "");
    ask("DELETE", Endpoint.THROW, "");
    ask("DELETE", Endpoint.ASYNC, "");
    assertNothingWasRecorded();
  }

  @Test
  @DisplayName("filter: a request whose filter throws is served and recorded")
  void recordsWhenAFilterThrows() throws Exception {
    assertThat(ask("GET", Endpoint.HELLO, BROKEN_FILTER).body()).isEqualTo("hello");
    assertThat(configuredSink.takeNext().target().path()).isEqualTo("/hello");
  }

  @Test
  @DisplayName("headers: those asked for are tags, and secrets are redacted")
  void recordsHeaders() throws Exception {
    String headers = "X-Tenant: acme\r\nX-Tenant: corp\r\nAuthorization: Bearer secret\r\n";
    assertThat(asked(Endpoint.HELLO, headers).tags())
        .containsEntry("http.request.header.x-tenant", "acme, corp")
        .containsEntry("http.request.header.authorization", "[redacted]")
        .doesNotContainKey("http.request.header.x-absent");
  }

  @Test
  @DisplayName("client: its address is a tag when asked for")
  void recordsTheClient() throws Exception {
    assertThat(asked(Endpoint.HELLO, "").tags()).containsEntry("client.address", "127.0.0.1");
  }

  @Test
  @DisplayName("customizer: it sees the request's headers and those of the answer")
  void customizesByTheAnswer() throws Exception {
    RequestEvent event = asked(Endpoint.REDIRECT, "X-Tenant: acme\r\n");
    assertThat(event.tags()).containsEntry("tenant", "acme");
    assertThat(event.tags().get("location")).endsWith("/hello");
    assertThat(event.params()).containsEntry("answered", "302");
  }

  @Test
  @DisplayName("customizer: it sees them when the request ends asynchronously, too")
  void customizesAsynchronousRequests() throws Exception {
    RequestEvent event = asked(Endpoint.ASYNC, "X-Tenant: acme\r\n");
    assertThat(event.tags()).containsEntry("tenant", "acme");
    assertThat(event.params()).containsEntry("answered", "200");
    assertThat(event.metrics()).hasSize(1);
  }

  @Test
  @DisplayName("customizer: it sees the exception")
  void customizesFailures() throws Exception {
    RequestEvent event = asked(Endpoint.THROW, "");
    assertThat(event.tags()).containsEntry("error", "boom");
    assertThat(event.params()).containsEntry("answered", "500");
  }

  @Test
  @DisplayName("customizer: one that throws changes neither the answer nor the rest of the record")
  void survivesBrokenCustomizers() throws Exception {
    assertThat(ask("GET", Endpoint.ITEM, BROKEN_CUSTOMIZER).body()).isEqualTo("7");
    RequestEvent event = configuredSink.takeNext();
    assertThat(event.params()).containsEntry("item", "7").containsEntry("answered", "200");
  }

  @Test
  @DisplayName("naming: the function sees method and route")
  void namesByFunction() throws Exception {
    assertThat(asked(Endpoint.ITEM, "").runName()).isEqualTo("GET by " + route(Endpoint.ITEM));
  }

  @Test
  @DisplayName("sampling: failures are kept and the others counted")
  void samples() throws Exception {
    RecordingSink own = new RecordingSink();
    Tracker.Builder none = trackerTo(own).sampleRatio(0).slowThreshold(Duration.ofDays(1));
    try (Tracker sampling = none.build();
        RunningServer sampled = start(sampling, application, Setup.PLAIN)) {
      for (Endpoint endpoint : new Endpoint[] {Endpoint.HELLO, Endpoint.ITEM, Endpoint.ASYNC}) {
        assertThat(Wire.send(sampled.port(), "GET", endpoint.path(7)).status()).isEqualTo(200);
      }
      await()
          .atMost(RecordingSink.PATIENCE)
          .until(
              () -> sampling.stats().ledger().dropped().getOrDefault(DropReason.SAMPLED, 0L) == 3);
      assertThat(Wire.send(sampled.port(), "GET", "/throw").status()).isEqualTo(500);
      RequestEvent failed = own.takeNext();
      assertThat(failed.status()).isEqualTo(RunStatus.FAILED);
      assertThat(failed.errorDetails()).isEqualTo("boom");
      sampling.flush(RecordingSink.PATIENCE);
      own.assertNothingLeft();
      assertThat(sampling.stats().ledger().isComplete()).isTrue();
    }
  }

  @Test
  @DisplayName("shutdown: requests in flight are recorded as killed, and answered all the same")
  void killsWhatIsInFlight() throws Exception {
    needs(Endpoint.ASYNC_GATED);
    RecordingSink own = new RecordingSink();
    Tracker closing = trackerTo(own).build();
    try (RunningServer open = start(closing, application, Setup.PLAIN);
        Wire stream = new Wire(open.port());
        Wire async = new Wire(open.port())) {
      stream.write(Wire.request("GET", "/stream", "Connection: close\r\n", ""));
      stream.readUntil("first");
      async.write(Wire.request("GET", "/async-gated", "Connection: close\r\n", ""));
      await().atMost(RecordingSink.PATIENCE).until(() -> application.kept() != null);

      assertThat(closing.close(RecordingSink.PATIENCE).delivered()).isEqualTo(2);
      assertThat(own.takeNext(2))
          .allSatisfy(event -> assertThat(event.status()).isEqualTo(RunStatus.KILLED))
          .extracting(event -> event.target().path())
          .containsExactlyInAnyOrder("/stream", "/async-gated");

      application.openGate();
      assertThat(stream.readToEnd()).contains("last");
      assertThat(async.readToEnd()).contains(" 200 ").contains("async");
    }
    own.assertNothingLeft();
    assertThat(closing.stats().ledger().offered()).isEqualTo(2);
  }
}
