// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.TestEvents.NO_ENVIRONMENT;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.runtracker.sink.WindowSink;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import io.runtracker.testkit.RecordedRun;
import io.runtracker.testkit.WindowSinkContract;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;

/** The contract of sinks, with a real MLflow. */
@Tag("once")
class MlflowSinkContractTest extends WindowSinkContract {

  private final MlflowServer server = MlflowServer.shared();
  private final MlflowRuns runs = MlflowRuns.of(server);
  private final MlflowRuns.Experiment experiment = runs.createExperiment("contract");

  @Override
  protected WindowSink newSink() {
    return MlflowSink.builder()
        .environment(NO_ENVIRONMENT)
        .trackingUri(server.uri().toString())
        .experiment(experiment.name())
        .build();
  }

  @Override
  protected List<String> runsOf(String eventId) {
    return runs.search(experiment.id()).stream()
        .filter(run -> eventId.equals(run.tags().get("runtracker.event_id")))
        .map(RecordedRun::runId)
        .toList();
  }

  @Override
  protected List<String> rowsOf(String runId) throws Exception {
    List<String> rows = new ArrayList<>();
    JsonMapper json = new JsonMapper();
    for (String line : runs.artifact(runId, "requests.jsonl").lines().toList()) {
      rows.add(json.readTree(line).path("event_id").asText());
    }
    return rows;
  }
}
