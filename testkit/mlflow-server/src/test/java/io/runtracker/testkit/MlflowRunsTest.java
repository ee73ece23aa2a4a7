// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runtracker.testkit.MlflowRuns.Experiment;
import io.runtracker.testkit.MlflowRuns.MetricPoint;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class MlflowRunsTest {

  private static MlflowServer server;
  private static MlflowRuns runs;
  private static RawMlflow mlflow;
  private static Experiment experiment;
  private static String runId;

  @BeforeAll
  static void recordOneRun() {
    server = MlflowServer.shared();
    runs = MlflowRuns.of(server);
    mlflow = new RawMlflow(server.uri());
    experiment = runs.createExperiment("reader");
    runId = mlflow.createRun(experiment.id(), "GET_/hello_1", 1_000);
    mlflow.post(
        "runs/log-batch",
        """
        {"run_id": "%s",
         "params": [{"key": "model", "value": "größer"}],
         "metrics": [{"key": "score", "value": 1.5, "timestamp": 2000, "step": 0},
                     {"key": "score", "value": 2.5, "timestamp": 3000, "step": 1},
                     {"key": "odd", "value": "NaN", "timestamp": 2000, "step": 0},
                     {"key": "huge", "value": "Infinity", "timestamp": 2000, "step": 0}]}
        """
            .formatted(runId));
    mlflow.putArtifact(experiment.id(), runId, "error_details.txt", "boom");
    mlflow.putArtifact(experiment.id(), runId, "folder/deep.txt", "deep");
    mlflow.post(
        "runs/update",
        """
        {"run_id": "%s", "status": "FAILED", "end_time": 4000}
        """
            .formatted(runId));
  }

  @Test
  void aRunIsReadWithAllThatMlflowHoldsOfIt() {
    RecordedRun run = runs.run(runId);

    assertThat(run.runId()).isEqualTo(runId);
    assertThat(run.name()).isEqualTo("GET_/hello_1");
    assertThat(run.status()).isEqualTo("FAILED");
    assertThat(run.startTime()).isEqualTo(Instant.ofEpochMilli(1_000));
    assertThat(run.endTime()).isEqualTo(Instant.ofEpochMilli(4_000));
    assertThat(run.params()).isEqualTo(Map.of("model", "größer"));
    assertThat(run.tags()).containsEntry("mlflow.runName", "GET_/hello_1");
    assertThat(run.artifactUri()).startsWith("mlflow-artifacts:/" + experiment.id());
  }

  @Test
  void metricsAreReadWithTheirLastValue() {
    assertThat(runs.run(runId).metrics()).containsEntry("score", 2.5);
  }

  @Test
  void numbersThatJsonDoesNotKnowAreRead() {
    assertThat(runs.run(runId).metrics())
        .containsEntry("odd", Double.NaN)
        .hasEntrySatisfying("huge", value -> assertThat(value).isGreaterThan(1e300));
  }

  @Test
  void theHistoryOfAMetricHoldsEveryPoint() {
    assertThat(runs.metricHistory(runId, "score"))
        .isEqualTo(
            List.of(
                new MetricPoint(1.5, Instant.ofEpochMilli(2_000), 0),
                new MetricPoint(2.5, Instant.ofEpochMilli(3_000), 1)));
  }

  @Test
  void anArtifactIsReadAsText() {
    assertThat(runs.artifact(runId, "error_details.txt")).isEqualTo("boom");
  }

  @Test
  void artifactsInFoldersAreListedWithTheirPath() {
    assertThat(runs.artifacts(runId)).isEqualTo(List.of("error_details.txt", "folder/deep.txt"));
  }

  @Test
  void anArtifactThatIsNotThereIsAnErrorInTheWordsOfMlflow() {
    assertThatThrownBy(() -> runs.artifact(runId, "nothing.txt"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("nothing.txt");
  }

  @Test
  void anOpenRunHasNoEnd() {
    Experiment open = runs.createExperiment("open");
    mlflow.createRun(open.id(), "open", 1_000);

    assertThat(runs.search(open.id())).singleElement().extracting(RecordedRun::endTime).isNull();
  }

  @Test
  void aSearchReadsEveryPage() {
    Experiment many = runs.createExperiment("pages");
    List<String> created =
        List.of(
            mlflow.createRun(many.id(), "a", 1),
            mlflow.createRun(many.id(), "b", 2),
            mlflow.createRun(many.id(), "c", 3),
            mlflow.createRun(many.id(), "d", 4),
            mlflow.createRun(many.id(), "e", 5));

    assertThat(runs.search(many.id(), 2)).extracting(RecordedRun::runId).isEqualTo(created);
  }

  @Test
  void anExperimentIsFoundByItsName() {
    assertThat(runs.experimentId(experiment.name())).contains(experiment.id());
  }

  @Test
  void anExperimentThatIsNotThereIsEmpty() {
    assertThat(runs.experimentId("never created")).isEmpty();
  }
}
