// SPDX-License-Identifier: Apache-2.0
package io.runtracker.examples.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.Ledger;
import io.runtracker.Tracker;
import io.runtracker.examples.servlet.Client.Call;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import io.runtracker.testkit.RecordedRun;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;

/** The whole way: a real service, real sockets, a real MLflow server. */
class FiveHundredRequestsTest {

  private static final int CONNECTIONS = 16;

  private final MlflowServer server = MlflowServer.shared();
  private final MlflowRuns mlflow = MlflowRuns.of(server);

  @Test
  void five_hundred_mixed_requests_are_five_hundred_right_runs() throws Exception {
    MlflowRuns.Experiment experiment = mlflow.createExperiment("five-hundred");
    Map<String, String> environment =
        Map.of(
            "MLFLOW_TRACKING_URI", server.uri().toString(),
            "MLFLOW_EXPERIMENT_NAME", experiment.name());
    List<Call> calls = mixedCalls();
    Instant before = Instant.now();
    Ledger ledger;
    Tracker tracker = Tracker.builder().environment(environment).build();
    try (ServletService service = new ServletService(tracker, 0);
        Client client = new Client(service.port(), CONNECTIONS)) {
      List<Client.Answer> answers = client.sendAll(calls);
      for (int i = 0; i < calls.size(); i++) {
        assertThat(answers.get(i).status())
            .as(calls.get(i).path())
            .isEqualTo(calls.get(i).status());
      }
      ledger = tracker.flush(Duration.ofMinutes(3));
    }
    Instant after = Instant.now();

    assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
    List<RecordedRun> runs = mlflow.search(experiment.id());
    assertThat(runs).hasSize(500);
    assertThat(byPath(runs)).isEqualTo(byCalledPath(calls));
    assertThat(runs)
        .extracting(run -> run.tags().get("runtracker.event_id"))
        .doesNotHaveDuplicates();
    SoftAssertions right = new SoftAssertions();
    for (RecordedRun run : runs) {
      checkRun(right, run, before, after);
    }
    right.assertAll();
  }

  /**
   * A hundred each of plain, templated, logging and asynchronous ones, and a hundred that go wrong.
   */
  private static List<Call> mixedCalls() {
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      calls.add(Call.get("/hello?token=secret&n=" + i, 200));
      calls.add(Call.get("/items/" + i, 200));
      calls.add(new Call("POST", "/predict", "input " + i, 200));
      calls.add(Call.get("/slow?ms=" + i, 200));
      calls.add(
          switch (i % 4) {
            case 0 -> Call.get("/boom", 500);
            case 1 -> Call.get("/fail", 503);
            case 2 -> Call.get("/missing/" + i, 404);
            default -> Call.get("/slow?ms=soon", 400);
          });
    }
    Collections.shuffle(calls, new Random(1));
    return calls;
  }

  private static Map<String, Long> byPath(List<RecordedRun> runs) {
    return runs.stream()
        .collect(Collectors.groupingBy(FiveHundredRequestsTest::path, Collectors.counting()));
  }

  private static Map<String, Long> byCalledPath(List<Call> calls) {
    return calls.stream()
        .map(Call::pathWithoutQuery)
        .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
  }

  private static String path(RecordedRun run) {
    return URI.create(run.tags().get("http.url").replace("[redacted]", "redacted")).getPath();
  }

  private void checkRun(SoftAssertions right, RecordedRun run, Instant before, Instant after) {
    String path = path(run);
    Map<String, String> tags = run.tags();
    String method = path.equals("/predict") ? "POST" : "GET";
    int status = Integer.parseInt(tags.get("http.status_code"));
    boolean failed = status >= 500;
    right
        .assertThat(run.name())
        .isEqualTo(method + "_" + path + "_" + run.startTime().getEpochSecond());
    right.assertThat(tags).containsEntry("http.method", method).doesNotContainValue("secret");
    right.assertThat(tags.get("http.url")).startsWith("http://127.0.0.1:").doesNotContain("secret");
    right.assertThat(run.status()).isEqualTo(failed ? "FAILED" : "FINISHED");
    right.assertThat(tags.get("status")).isEqualTo(failed ? "FAILED" : null);
    right.assertThat(run.startTime()).isBetween(before.minusMillis(1), after);
    right.assertThat(run.endTime()).isBetween(run.startTime(), after);
    right.assertThat(run.metrics().get("duration_ms")).isPositive();
    switch (path.split("/")[1]) {
      case "items" -> right.assertThat(tags).containsEntry("http.route", "/items/{id}");
      case "predict" -> checkPrediction(right, run);
      case "boom" -> checkException(right, run);
      case "fail" -> right.assertThat(status).isEqualTo(503);
      case "missing" -> right.assertThat(tags).doesNotContainKey("http.route");
      case "slow" -> checkSlow(right, run, status);
      default -> right.assertThat(path).isEqualTo("/hello");
    }
  }

  private void checkPrediction(SoftAssertions right, RecordedRun run) {
    right.assertThat(run.params()).containsEntry("model", "example-1");
    right.assertThat(run.tags()).containsEntry("kind", "prediction");
    right.assertThat(run.metrics()).containsKey("score");
    right.assertThat(mlflow.artifact(run.runId(), "input.txt")).startsWith("input ");
  }

  private void checkException(SoftAssertions right, RecordedRun run) {
    right.assertThat(run.params()).containsEntry("error_type", "java.lang.IllegalStateException");
    right.assertThat(mlflow.artifact(run.runId(), "error_details.txt")).isEqualTo("boom");
  }

  private static void checkSlow(SoftAssertions right, RecordedRun run, int status) {
    if (status == 200) {
      double slept = run.metrics().get("slept_ms");
      right.assertThat(run.metrics().get("duration_ms")).isGreaterThanOrEqualTo(slept);
    } else {
      right.assertThat(run.metrics()).doesNotContainKey("slept_ms");
    }
  }
}
