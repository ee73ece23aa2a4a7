// SPDX-License-Identifier: Apache-2.0
package io.runtracker.examples.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.DropReason;
import io.runtracker.Ledger;
import io.runtracker.Tracker;
import io.runtracker.examples.servlet.Client.Answer;
import io.runtracker.examples.servlet.Client.Call;
import io.runtracker.testkit.Fault;
import io.runtracker.testkit.FaultProxy;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever MLflow does, the service answers as if it were not tracked, and the ledger adds up. */
@Tag("once")
class ServerTroubleTest {

  private static final Duration LONG = Duration.ofMinutes(2);

  private static List<Call> calls() {
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      calls.add(Call.get("/hello", 200));
      calls.add(Call.get("/items/" + i, 200));
      calls.add(Call.get("/boom", 500));
      calls.add(Call.get("/slow?ms=5", 200));
      calls.add(new Call("POST", "/predict", "x", 200));
    }
    return calls;
  }

  /**
   * Look-ups come soon after a create without an answer, which is safe only where no call is given
   * up while the server still works on it: hence the long time-out.
   */
  private static Tracker.Builder tracker(
      URI server, String experiment, String requestTimeoutSeconds) {
    return Tracker.builder()
        .environment(
            Map.of(
                "MLFLOW_TRACKING_URI",
                server.toString(),
                "MLFLOW_EXPERIMENT_NAME",
                experiment,
                "MLFLOW_HTTP_REQUEST_TIMEOUT",
                requestTimeoutSeconds))
        .retryDelay(Duration.ofMillis(50))
        .maxRetryDelay(Duration.ofSeconds(1))
        .lookupDelay(Duration.ofSeconds(1))
        .closeTimeout(Duration.ZERO);
  }

  private static List<Answer> answersWithoutTracking() throws Exception {
    Tracker off = Tracker.builder().enabled(false).build();
    try (ServletService service = new ServletService(off, 0);
        Client client = new Client(service.port(), 8)) {
      return client.sendAll(calls());
    }
  }

  private static void assertAddsUp(Ledger ledger, long offered) {
    long lost = ledger.droppedTotal();
    assertThat(ledger.offered()).isEqualTo(offered);
    assertThat(ledger.delivered() + ledger.inFlight() + lost).as("%s", ledger).isEqualTo(offered);
  }

  @Test
  void with_mlflow_stopped_the_service_answers_and_the_runs_arrive_when_it_returns()
      throws Exception {
    try (MlflowServer server = MlflowServer.start(MlflowServer.Options.plain())) {
      MlflowRuns mlflow = MlflowRuns.of(server);
      MlflowRuns.Experiment experiment = mlflow.createExperiment("stopped");
      server.kill();
      Tracker tracker = tracker(server.uri(), experiment.name(), "60").build();
      try (ServletService service = new ServletService(tracker, 0);
          Client client = new Client(service.port(), 8)) {
        assertThat(client.sendAll(calls())).isEqualTo(answersWithoutTracking());
        await().until(() -> tracker.stats().serverAway());
        assertAddsUp(tracker.stats().ledger(), calls().size());
        assertThat(tracker.stats().ledger().inFlight()).isEqualTo(calls().size());

        server.restart();
        assertThat(tracker.flush(LONG).isComplete()).isTrue();
        assertThat(mlflow.search(experiment.id())).hasSize(calls().size());
      }
    }
  }

  @Test
  void with_mlflow_frozen_the_service_answers_and_each_run_is_there_once_when_it_thaws()
      throws Exception {
    try (MlflowServer server = MlflowServer.start(MlflowServer.Options.plain())) {
      MlflowRuns mlflow = MlflowRuns.of(server);
      MlflowRuns.Experiment experiment = mlflow.createExperiment("frozen");
      // Longer than the frozen server may take to work off what it was sent while it slept.
      Tracker tracker =
          tracker(server.uri(), experiment.name(), "2").lookupDelay(Duration.ofSeconds(10)).build();
      try (ServletService service = new ServletService(tracker, 0);
          Client client = new Client(service.port(), 8)) {
        client.sendAll(List.of(Call.get("/hello", 200)));
        assertThat(tracker.flush(LONG).isComplete()).isTrue();
        server.freeze();
        assertThat(client.sendAll(calls())).isEqualTo(answersWithoutTracking());
        await().atMost(LONG).until(() -> tracker.stats().serverAway());
        assertAddsUp(tracker.stats().ledger(), calls().size() + 1);

        server.thaw();
        assertThat(tracker.flush(LONG).isComplete()).isTrue();
        assertThat(mlflow.search(experiment.id()))
            .extracting(run -> run.tags().get("runtracker.event_id"))
            .hasSize(calls().size() + 1)
            .doesNotHaveDuplicates();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"429", "503", "500", "garbage", "cut"})
  void with_mlflow_in_trouble_the_service_answers_and_each_run_is_there_once_afterwards(
      String trouble) throws Exception {
    MlflowServer server = MlflowServer.shared();
    MlflowRuns mlflow = MlflowRuns.of(server);
    MlflowRuns.Experiment experiment = mlflow.createExperiment("trouble-" + trouble);
    try (FaultProxy proxy = FaultProxy.inFrontOf(server.uri())) {
      Tracker tracker = tracker(proxy.uri(), experiment.name(), "60").build();
      try (ServletService service = new ServletService(tracker, 0);
          Client client = new Client(service.port(), 8)) {
        client.sendAll(List.of(Call.get("/hello", 200)));
        assertThat(tracker.flush(LONG).isComplete()).isTrue();
        proxy.inject(fault(trouble));
        assertThat(client.sendAll(calls())).isEqualTo(answersWithoutTracking());
        await().atMost(LONG).until(() -> tracker.stats().retries() > 3);
        assertAddsUp(tracker.stats().ledger(), calls().size() + 1);

        proxy.clear();
        assertThat(tracker.flush(LONG).isComplete()).as("%s", tracker.stats()).isTrue();
        assertThat(mlflow.search(experiment.id()))
            .extracting(run -> run.tags().get("runtracker.event_id"))
            .hasSize(calls().size() + 1)
            .doesNotHaveDuplicates();
      }
    }
  }

  private static Fault fault(String trouble) {
    return switch (trouble) {
      case "429" -> Fault.tooManyRequests(Duration.ofSeconds(1));
      case "503" -> Fault.answer(503);
      case "500" -> Fault.answer(500);
      case "garbage" -> Fault.garbage();
      case "cut" -> Fault.cutReply();
      default -> throw new IllegalArgumentException(trouble);
    };
  }

  @Test
  void a_closed_service_says_what_it_could_not_deliver() throws Exception {
    Tracker tracker = tracker(URI.create("http://127.0.0.1:1"), "nowhere", "60").build();
    try (ServletService service = new ServletService(tracker, 0);
        Client client = new Client(service.port(), 8)) {
      client.sendAll(calls());
    }
    Ledger ledger = tracker.stats().ledger();
    assertAddsUp(ledger, calls().size());
    assertThat(ledger.dropped()).containsEntry(DropReason.SHUTDOWN, (long) calls().size());
  }
}
