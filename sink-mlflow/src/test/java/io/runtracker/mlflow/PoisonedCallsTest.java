// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.DropReason;
import io.runtracker.Ledger;
import io.runtracker.RequestTarget;
import io.runtracker.TrackAs;
import io.runtracker.Tracker;
import io.runtracker.adapter.OpenRequest;
import io.runtracker.testkit.Fault;
import io.runtracker.testkit.FaultProxy;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import io.runtracker.testkit.RecordedRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A firewall before a real MLflow dislikes what a scanner sends to the service. All else is
 * delivered, and what it dislikes is set aside with its answer.
 */
@Tag("once")
class PoisonedCallsTest {

  private static final String INJECTION = "union-select-password";
  private static final int REQUESTS = 60;
  private static final int POISONED_EACH = 30;

  private static final String PAGE =
      "<html><head><title>Request blocked</title></head><body><h1>Blocked</h1></body></html>";

  @TempDir Path directory;

  private final MlflowServer server = MlflowServer.shared();
  private final MlflowRuns mlflow = MlflowRuns.of(server);
  private int served;
  private int poisoned;

  static List<Arguments> answers() {
    return List.of(
        Arguments.of(TrackAs.RUN, "400", Fault.answer(400, PAGE)),
        Arguments.of(
            TrackAs.WINDOW,
            "400 BAD_REQUEST",
            Fault.answer(400, "{\"error_code\":\"BAD_REQUEST\",\"message\":\"no\"}")),
        Arguments.of(TrackAs.WINDOW, "401", Fault.answer(401, "who are you")),
        Arguments.of(TrackAs.RUN, "403", Fault.answer(403, PAGE)),
        Arguments.of(TrackAs.WINDOW, "403", Fault.answer(403, PAGE)),
        Arguments.of(TrackAs.AUTO, "406", Fault.answer(406, PAGE)),
        Arguments.of(TrackAs.RUN, "409", Fault.answer(409, "")),
        Arguments.of(TrackAs.WINDOW, "413", Fault.answer(413, PAGE)),
        Arguments.of(TrackAs.WINDOW, "500", Fault.answer(500, PAGE)),
        Arguments.of(TrackAs.WINDOW, "failed to respond", Fault.cutRequest()),
        Arguments.of(TrackAs.RUN, "was not answered", Fault.hang()),
        Arguments.of(TrackAs.WINDOW, "was not answered", Fault.stallReply()));
  }

  private Tracker tracker(FaultProxy proxy, MlflowRuns.Experiment experiment, TrackAs trackAs) {
    return Tracker.builder()
        .environment(Map.of())
        .sink(
            MlflowSink.builder()
                .environment(Map.of())
                .trackingUri(proxy.uri().toString())
                .experimentId(experiment.id())
                .requestTimeout(Duration.ofMillis(1_500))
                .build())
        .trackAs(trackAs)
        .spool(directory)
        .windowRows(20)
        .windowAge(Duration.ofMillis(300))
        .autoThreshold(Duration.ofMillis(1))
        .maxTries(6)
        .retryDelay(Duration.ofMillis(20))
        .maxRetryDelay(Duration.ofMillis(200))
        .lookupDelay(Duration.ofMillis(200))
        .build();
  }

  private void serve(Tracker tracker, boolean isPoisoned) {
    served++;
    poisoned += isPoisoned ? 1 : 0;
    String path = isPoisoned ? "/items/" + INJECTION : "/items/" + served;
    OpenRequest request =
        tracker.open("GET", new RequestTarget("http", "shop.example", 80, path, null));
    assertThat(request).isNotNull();
    request.end(200, null);
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("answers")
  void all_others_are_delivered_and_the_poisoned_are_set_aside_with_the_answer(
      TrackAs trackAs, String answer, Fault fault) throws Exception {
    MlflowRuns.Experiment experiment = mlflow.createExperiment("poison");
    try (FaultProxy proxy = FaultProxy.inFrontOf(server.uri()).injectWhere(INJECTION, fault);
        Tracker tracker = tracker(proxy, experiment, trackAs)) {
      for (int i = 0; i < REQUESTS; i++) {
        serve(tracker, i % POISONED_EACH == POISONED_EACH / 2);
      }
      await()
          .atMost(Duration.ofMinutes(2))
          .pollInterval(Duration.ofMillis(100))
          .until(
              () -> {
                serve(tracker, false);
                return tracker.stats().ledger().droppedTotal() == poisoned;
              });
      Ledger ledger = tracker.flush(Duration.ofMinutes(1));
      assertThat(ledger.dropped()).isEqualTo(Map.of(DropReason.REFUSED, (long) poisoned));
      assertThat(ledger.delivered()).as("%s", ledger).isEqualTo(served - poisoned);
    }
    assertThat(written(experiment)).isEqualTo(served - poisoned);
    assertThat(reasons()).hasSize(poisoned).allMatch(line -> line.contains(answer));
  }

  /** How many requests there are in runs that are ended, and in windows. */
  private int written(MlflowRuns.Experiment experiment) {
    int requests = 0;
    for (RecordedRun run : mlflow.search(experiment.id())) {
      boolean isOfADay = run.tags().containsKey("runtracker.day_id");
      if (!isOfADay && !run.status().equals("RUNNING")) {
        boolean isWindow = mlflow.artifacts(run.runId()).contains(RequestLines.FILE);
        boolean lacksItsFile = run.tags().containsKey(RunContent.ARTIFACT_ERROR);
        requests +=
            isWindow
                ? (int) mlflow.artifact(run.runId(), RequestLines.FILE).lines().count()
                : lacksItsFile ? 0 : 1;
      }
    }
    return requests;
  }

  private List<String> reasons() throws Exception {
    try (Stream<Path> files = Files.list(directory.resolve("rejected"))) {
      return files
          .map(
              file -> {
                try {
                  return Files.readAllLines(file).get(0);
                } catch (java.io.IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              })
          .toList();
    }
  }
}
