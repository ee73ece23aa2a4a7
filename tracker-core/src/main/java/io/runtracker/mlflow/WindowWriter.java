// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.RequestWindow;
import io.runtracker.SinkException;
import io.runtracker.SinkException.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.mlflow.api.proto.Service;

/** Writes the runs of windows, and each window's part of the run of its day. */
final class WindowWriter {

  private final MlflowSettings settings;
  private final RunStore store;
  private final Artifacts artifacts;
  private final DayRuns days;

  WindowWriter(MlflowSettings settings, RunStore store, Artifacts artifacts) {
    this.settings = settings;
    this.store = store;
    this.artifacts = artifacts;
    this.days = new DayRuns(settings, store);
  }

  String create(RequestWindow window) throws SinkException, InterruptedException {
    WindowContent content = new WindowContent(window, settings);
    List<Service.RunTag> tags = new ArrayList<>(parent(window));
    tags.addAll(content.tags());
    Service.RunInfo run = store.create(content.name(), content.startMillis(), tags);
    artifacts.remember(run.getRunId(), run.getArtifactUri());
    return run.getRunId();
  }

  /** The run that was configured, else the day's; none when there is no having that. */
  private List<Service.RunTag> parent(RequestWindow window) throws InterruptedException {
    String configured = settings.parentRun();
    String parent = configured != null ? configured : days.runId(window);
    return parent == null ? List.of() : List.of(Tags.tag(RunContent.PARENT_RUN, parent));
  }

  /**
   * Requests that are not in the table are nowhere in MLflow. So when the server will never take
   * the table, the run says so and has its metrics, and the window counts as refused.
   */
  void complete(String runId, RequestWindow window) throws SinkException, InterruptedException {
    WindowContent content = new WindowContent(window, settings);
    String refusal =
        artifacts.storeTable(runId, RequestTable.FILE, RequestTable.of(window.events()));
    WindowStatistics statistics = new WindowStatistics(window, settings.windowRoutes());
    store.log(
        runId, content.metrics(statistics, 0), List.of(), furtherTags(window, content, refusal));
    store.end(runId, content.status(), content.endMillis());
    artifacts.forget(runId);
    days.log(window, content.metrics(statistics, DayRuns.step(window.endTime())));
    if (refusal != null) {
      throw new SinkException(
          Kind.REFUSED,
          window.events().size()
              + " requests are not in MLflow, only their metrics are, because the server does not take"
              + " their table: "
              + refusal,
          null);
    }
  }

  private List<Service.RunTag> furtherTags(
      RequestWindow window, WindowContent content, @Nullable String refusal)
      throws InterruptedException {
    List<Service.RunTag> tags = new ArrayList<>(parent(window));
    tags.add(
        refusal == null
            ? Tags.tag(RequestTable.LOGGED_ARTIFACTS, RequestTable.AS_LOGGED)
            : Tags.tag(RunContent.ARTIFACT_ERROR, Text.fit(refusal, Text.TAG)));
    tags.addAll(RunStore.beyondCreate(content.tags()));
    return tags;
  }

  Optional<String> find(RequestWindow window) throws SinkException, InterruptedException {
    return store.find(filter(window));
  }

  int removeDuplicates(RequestWindow window) throws SinkException, InterruptedException {
    return store.removeAllButOneEnded(filter(window));
  }

  /**
   * Not by its name, which is the service's: another program, such as the command line, may finish
   * what the service began.
   */
  private static String filter(RequestWindow window) {
    return RunStore.tagged(RunContent.EVENT_ID, RunStore.quotable(window.windowId()));
  }
}
