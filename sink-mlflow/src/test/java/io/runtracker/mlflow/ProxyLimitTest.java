// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.Ledger;
import io.runtracker.RequestTarget;
import io.runtracker.TrackAs;
import io.runtracker.TrackedRequest;
import io.runtracker.Tracker;
import io.runtracker.adapter.OpenRequest;
import io.runtracker.testkit.Fault;
import io.runtracker.testkit.FaultProxy;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import io.runtracker.testkit.RecordedRun;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A proxy before a real MLflow takes bodies of up to a megabyte, as nginx does unless it was told
 * otherwise. This is its answer to a larger one.
 */
@Tag("once")
class ProxyLimitTest {

  private static final int MEGABYTE = 1 << 20;

  private static final Fault TOO_LARGE =
      Fault.answer(
          413,
          Map.of("Server", "nginx/1.22.1", "Content-Type", "text/html", "Connection", "close"),
          "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n"
              + "<center><h1>413 Request Entity Too Large</h1></center>\r\n"
              + "<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n");

  private final MlflowServer server = MlflowServer.shared();
  private final MlflowRuns mlflow = MlflowRuns.of(server);
  private final MlflowRuns.Experiment experiment = mlflow.createExperiment("megabyte");

  private Tracker tracker(FaultProxy proxy, TrackAs trackAs) {
    return Tracker.builder()
        .environment(Map.of())
        .sink(
            MlflowSink.builder()
                .environment(Map.of())
                .trackingUri(proxy.uri().toString())
                .experimentId(experiment.id())
                .build())
        .trackAs(trackAs)
        .windowBytes(5 * MEGABYTE)
        .retryDelay(Duration.ofMillis(20))
        .build();
  }

  private static void serve(Tracker tracker, String path, String file, String text) {
    OpenRequest request =
        tracker.open("GET", new RequestTarget("http", "shop.example", 80, path, null));
    try (OpenRequest.Scope scope = request.makeCurrent()) {
      TrackedRequest.current().text(file, text).param("model", "m1");
    }
    request.end(200, null);
  }

  @Test
  void everyRequestOfAWindowThatIsTooLargeIsThereOnce() {
    int requests = 30;
    try (FaultProxy proxy = FaultProxy.inFrontOf(server.uri()).injectAbove(MEGABYTE, TOO_LARGE);
        Tracker tracker = tracker(proxy, TrackAs.WINDOW)) {
      for (int i = 0; i < requests; i++) {
        serve(tracker, "/" + i, "large.txt", "x".repeat(100_000));
      }
      assertThat(tracker.flush(Duration.ofMinutes(1)).isComplete()).isTrue();
    }
    List<String> rows =
        mlflow.search(experiment.id()).stream()
            .filter(run -> "window".equals(run.tags().get("runtracker.kind")))
            .flatMap(run -> mlflow.artifact(run.runId(), RequestLines.FILE).lines())
            .toList();
    assertThat(rows).hasSize(requests).doesNotHaveDuplicates();
  }

  @Test
  void aRequestThatIsTooLargeAloneHasItsLongTextsCut() {
    try (FaultProxy proxy = FaultProxy.inFrontOf(server.uri()).injectAbove(MEGABYTE, TOO_LARGE);
        Tracker tracker = tracker(proxy, TrackAs.WINDOW)) {
      serve(tracker, "/large", "large.txt", "\n日".repeat(400_000));
      serve(tracker, "/small", "small.txt", "x");
      Ledger ledger = tracker.flush(Duration.ofMinutes(1));
      assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
    }
    RecordedRun run =
        mlflow.search(experiment.id()).stream()
            .filter(each -> each.tags().containsKey(RunContent.ARTIFACT_ERROR))
            .findFirst()
            .orElseThrow();
    assertThat(run.status()).isEqualTo("FINISHED");
    assertThat(run.tags().get(RunContent.ARTIFACT_ERROR))
        .startsWith("long texts are cut, because ")
        .contains("413");
    assertThat(run.tags()).containsEntry("mlflow.loggedArtifacts", Highlights.AS_LOGGED);
    String row = mlflow.artifact(run.runId(), RequestLines.FILE);
    assertThat(row)
        .hasLineCount(1)
        .contains("\"params\":{\"model\":\"m1\"}")
        .contains("\"texts\":{\"large.txt\":\"\\n日\\n日")
        .contains("… [cut: the whole is too large on its way]\"}")
        .endsWith("\"}\n");
    assertThat(row.length()).isLessThan(3_000);
  }

  @Test
  void aRunIsThereWhoseTextIsTooLargeAndTheTextIsATag() {
    try (FaultProxy proxy = FaultProxy.inFrontOf(server.uri()).injectAbove(MEGABYTE, TOO_LARGE);
        Tracker tracker = tracker(proxy, TrackAs.RUN)) {
      serve(tracker, "/text", "large.txt", "日".repeat(400_000));
      assertThat(tracker.flush(Duration.ofMinutes(1)).isComplete()).isTrue();
    }
    RecordedRun run = mlflow.search(experiment.id()).get(0);
    assertThat(run.status()).isEqualTo("FINISHED");
    assertThat(run.tags().get("large.txt")).startsWith("日日").endsWith("characters]");
    assertThat(run.tags().get("runtracker.artifact_error"))
        .contains("413", "nginx/1.22.1", "Request Entity Too Large");
  }
}
