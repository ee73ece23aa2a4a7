// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.TestEvents.NO_ENVIRONMENT;
import static io.runtracker.mlflow.TestEvents.START;
import static io.runtracker.mlflow.TestEvents.request;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.runtracker.Metric;
import io.runtracker.RequestEvent;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The code of {@code docs/reading-runs.md}, run by the real package on what the sink wrote. */
@Tag("once")
class ReadingRunsTest {

  private static final Path DOCUMENT = Path.of("../docs/reading-runs.md");
  private static final Pattern PYTHON_BLOCK = Pattern.compile("(?ms)^```python\\n(.*?)^```$");

  /** What the document's variables hold, for this test to look at. */
  private static final String REPORT =
      """
      import json, sys
      window = rows(windows.run_id[0]) if len(windows) else requests
      with open(sys.argv[1], "w") as out:
          json.dump({
              "windows": len(windows),
              "requests": len(requests),
              "columns": list(requests.columns),
              "window": list(window.columns),
              "without_error": int(requests["error_type"].isna().sum()),
              "without_params": int(window["params"].isna().sum()),
              "start": str(requests["start_time"].dtype),
              "first": str(requests["start_time"].min()),
              "failed": len(failed),
              "p50": latency.loc["/items/{id}", 0.5] if len(requests) else None,
              "temperatures": sorted(logged.get("params.temperature", pd.Series()).dropna().unique()),
              "score": logged.get("metrics.score", pd.Series()).sum(),
              "everything": len(everything),
              "single": list(single["url"]),
              "points": len(curves) if len(days) else 0,
              "busiest": curves["all/per_second"].max() if len(days) else None,
          }, out)
      """;

  @TempDir Path directory;

  private final MlflowServer server = MlflowServer.shared();

  private MlflowSink sink(MlflowRuns.Experiment experiment) {
    return MlflowSink.builder()
        .environment(NO_ENVIRONMENT)
        .trackingUri(server.uri().toString())
        .experiment(experiment.name())
        .serviceName("orders")
        .build();
  }

  @Test
  void itsCodeRunsOnAQuietServiceAndOnRequestsThatWereKilled() throws Exception {
    MlflowRuns.Experiment experiment = MlflowRuns.of(server).createExperiment("reading-quiet");
    try (MlflowSink sink = sink(experiment)) {
      RequestEvent killed =
          request("/killed").timing(START, 1_000_000).statusCode(0).killed(true).build();
      sink.complete(sink.create(killed), killed);
    }
    JsonNode report = run(server, experiment.name());
    assertThat(report.path("windows").asInt()).isZero();
    assertThat(report.path("requests").asInt()).isZero();
    assertThat(report.path("everything").asInt()).isEqualTo(1);
  }

  @Test
  void itsCodeRunsWhereAllRequestsAreInWindows() throws Exception {
    MlflowRuns.Experiment experiment = MlflowRuns.of(server).createExperiment("reading-windows");
    try (MlflowSink sink = sink(experiment)) {
      TestWindow window = window(START);
      window.complete(sink, window.create(sink));
    }
    JsonNode report = run(server, experiment.name());
    assertThat(report.path("everything").asInt()).isEqualTo(101);
    assertThat(report.path("single")).isEmpty();
  }

  @Test
  void itsCodeRunsWhereThereIsNothingAtAll() throws Exception {
    MlflowRuns.Experiment experiment = MlflowRuns.of(server).createExperiment("reading-nothing");
    assertThat(run(server, experiment.name()).path("everything").asInt()).isZero();
  }

  @Test
  void theDocumentsCodeLoadsWhatTheSinkWrote() throws Exception {
    MlflowRuns.Experiment experiment = MlflowRuns.of(server).createExperiment("reading");
    try (MlflowSink sink = sink(experiment)) {
      for (int number = 0; number < 3; number++) {
        TestWindow window = window(START + number * 10_000L);
        window.complete(sink, window.create(sink));
      }
      RequestEvent alone = request("/alone").timing(START, 1_000_000).build();
      sink.complete(sink.create(alone), alone);
    }

    JsonNode report = run(server, experiment.name());

    assertThat(report.path("windows").asInt()).isEqualTo(3);
    assertThat(report.path("requests").asInt()).isEqualTo(303);
    List<String> columns = new ArrayList<>(RequestRow.COLUMNS);
    assertThat(report.path("window"))
        .extracting(JsonNode::asText)
        .containsExactlyElementsOf(columns);
    columns.add("run_id");
    assertThat(report.path("columns"))
        .extracting(JsonNode::asText)
        .containsExactlyElementsOf(columns);
    assertThat(report.path("without_error").asInt()).isEqualTo(300);
    assertThat(report.path("without_params").asInt())
        .as("but the first and the last")
        .isEqualTo(99);
    assertThat(report.path("start").asText()).startsWith("datetime64[").endsWith(", UTC]");
    assertThat(report.path("first").asText()).isEqualTo("2026-09-21 14:13:20.123000+00:00");
    assertThat(report.path("failed").asInt()).isEqualTo(3);
    assertThat(report.path("p50").asDouble()).isEqualTo(50.5);
    assertThat(report.path("temperatures")).extracting(JsonNode::asText).containsExactly("0.7");
    assertThat(report.path("score").asDouble()).isEqualTo(0.75);
    assertThat(report.path("everything").asInt()).isEqualTo(304);
    assertThat(report.path("single"))
        .extracting(JsonNode::asText)
        .containsExactly("http://localhost:8080/alone");
    assertThat(report.path("points").asInt()).isEqualTo(3);
    assertThat(report.path("busiest").asDouble()).isEqualTo(10.1);
  }

  /** A hundred plain requests in 10 s, and one that fails after it has logged something. */
  private static TestWindow window(long startMillis) {
    List<RequestEvent> events = new ArrayList<>();
    for (int i = 1; i <= 100; i++) {
      events.add(
          request("/items/" + i)
              .route("/items/{id}")
              .timing(startMillis + (i == 100 ? 9_900 : 0), i * 1_000_000L)
              .build());
    }
    events.add(
        request("/predict")
            .route("/predict")
            .timing(startMillis, 1_000_000)
            .statusCode(500)
            .error("java.lang.IllegalStateException", "no model")
            .param("temperature", "0.7")
            .metric(new Metric("score", 0.25, startMillis, 0))
            .build());
    return TestWindow.of(events);
  }

  private JsonNode run(MlflowServer server, String experiment) throws Exception {
    String blocks =
        PYTHON_BLOCK
            .matcher(Files.readString(DOCUMENT))
            .results()
            .map((MatchResult block) -> block.group(1))
            .collect(Collectors.joining("\n"));
    Path script = Files.writeString(directory.resolve("reading.py"), blocks + "\n" + REPORT);
    Path report = directory.resolve("report.json");
    ProcessBuilder python =
        new ProcessBuilder(server.python().toString(), script.toString(), report.toString())
            .redirectErrorStream(true);
    python.environment().keySet().removeIf(name -> name.startsWith("MLFLOW_"));
    python.environment().put("MLFLOW_TRACKING_URI", server.uri().toString());
    python.environment().put("MLFLOW_EXPERIMENT_NAME", experiment);
    Process process = python.start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).describedAs(output).isZero();
    return new JsonMapper().readTree(report.toFile());
  }
}
