// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.RequestEvent;
import io.runtracker.SinkException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.mlflow.api.proto.Service;

/** Writes runs in the fewest calls there are, and finds those that were written. */
final class RunWriter {

  private static final Pattern RUN_ID = Pattern.compile("[A-Za-z0-9][\\w-]{0,255}");

  /** What can be put into a search for sure; names with anything else are left out of it. */
  private static final Pattern SEARCHABLE = Pattern.compile("[\\w\\-./:{}=~,@+%&$!* ()]+");

  private static final int MOST_RUNS_OF_AN_EVENT = 100;

  private final MlflowSettings settings;
  private final Transport transport;
  private final MlflowApi api;
  private final Experiment experiment;
  private final Artifacts artifacts;

  RunWriter(MlflowSettings settings) {
    this.settings = settings;
    this.transport = new Transport(settings);
    this.api = new MlflowApi(transport);
    this.experiment = new Experiment(api, settings);
    this.artifacts = new Artifacts(transport, api, settings.server());
  }

  String create(RequestEvent event) throws SinkException, InterruptedException {
    RunContent content = new RunContent(event, settings);
    String experimentId = experiment.id();
    Answer answer = api.post("runs/create", creation(content, experimentId));
    boolean isRefused = answer.status() == 400 || answer.status() == 404;
    if (isRefused && answer.errorCode() != null && experiment.isMended(experimentId)) {
      answer = api.post("runs/create", creation(content, experiment.id()));
    }
    Service.RunInfo run =
        MlflowApi.read(answer, Service.CreateRun.Response.newBuilder()).getRun().getInfo();
    if (!RUN_ID.matcher(run.getRunId()).matches()) {
      throw Failures.unreadable(answer);
    }
    if (content.hasTexts()) {
      artifacts.remember(run.getRunId(), run.getArtifactUri());
    }
    return run.getRunId();
  }

  private static Service.CreateRun creation(RunContent content, String experimentId) {
    List<Service.RunTag> tags = content.tags();
    return Service.CreateRun.newBuilder()
        .setExperimentId(experimentId)
        .setRunName(content.name())
        .setStartTime(content.startMillis())
        .addAllTags(tags.subList(0, Math.min(tags.size(), Batches.MOST_TAGS)))
        .build();
  }

  void complete(String runId, RequestEvent event) throws SinkException, InterruptedException {
    RunContent content = new RunContent(event, settings);
    List<Service.RunTag> tags = content.tags();
    List<Service.RunTag> overflow =
        tags.subList(Math.min(tags.size(), Batches.MOST_TAGS), tags.size());
    log(Batches.of(runId, content.metrics(), content.params(), overflow));
    if (content.hasTexts()) {
      log(Batches.of(runId, List.of(), List.of(), storeTexts(runId, content)));
    }
    api.post(
        "runs/update",
        Service.UpdateRun.newBuilder()
            .setRunId(runId)
            .setStatus(content.status())
            .setEndTime(content.endMillis()),
        Service.UpdateRun.Response.newBuilder());
    artifacts.forget(runId);
  }

  private void log(List<Service.LogBatch> batches) throws SinkException, InterruptedException {
    for (Service.LogBatch batch : batches) {
      api.post("runs/log-batch", batch, Service.LogBatch.Response.newBuilder());
    }
  }

  /** The tags that stand in for texts that the server does not take. */
  private List<Service.RunTag> storeTexts(String runId, RunContent content)
      throws SinkException, InterruptedException {
    List<Service.RunTag> instead = new ArrayList<>();
    String lastReason = null;
    for (Map.Entry<String, String> text : content.texts().entrySet()) {
      String reason = artifacts.store(runId, text.getKey(), text.getValue());
      if (reason != null) {
        lastReason = reason;
        instead.add(content.furtherTag(text.getKey(), text.getValue()));
      }
    }
    if (lastReason != null) {
      instead.add(content.furtherTag(RunContent.ARTIFACT_ERROR, lastReason));
    }
    return instead;
  }

  /**
   * Searches by the run's name, which MLflow has an index on, and its event's id. Deleted runs
   * count: who deleted one does not want it again.
   */
  Optional<String> find(RequestEvent event) throws SinkException, InterruptedException {
    List<Service.Run> found = search(event, Service.ViewType.ALL);
    return found.isEmpty() ? Optional.empty() : Optional.of(found.get(0).getInfo().getRunId());
  }

  private List<Service.Run> search(RequestEvent event, Service.ViewType view)
      throws SinkException, InterruptedException {
    String name = new RunContent(event, settings).name();
    String byName =
        SEARCHABLE.matcher(name).matches() ? "attributes.run_name = '" + name + "' and " : "";
    String byId = "tags.`" + RunContent.EVENT_ID + "` = '" + RunContent.eventId(event) + "'";
    return api.post(
            "runs/search",
            Service.SearchRuns.newBuilder()
                .addExperimentIds(experiment.id())
                .setFilter(byName + byId)
                .setRunViewType(view)
                .setMaxResults(MOST_RUNS_OF_AN_EVENT),
            Service.SearchRuns.Response.newBuilder())
        .getRunsList();
  }

  int removeDuplicates(RequestEvent event) throws SinkException, InterruptedException {
    List<Service.Run> runs = search(event, Service.ViewType.ACTIVE_ONLY);
    if (runs.size() < 2) {
      return 0;
    }
    Optional<String> kept =
        runs.stream()
            .map(Service.Run::getInfo)
            .filter(RunWriter::hasEnded)
            .map(Service.RunInfo::getRunId)
            .findFirst();
    if (kept.isEmpty()) {
      return -1;
    }
    for (Service.Run run : runs) {
      String runId = run.getInfo().getRunId();
      if (!runId.equals(kept.get())) {
        api.post(
            "runs/delete",
            Service.DeleteRun.newBuilder().setRunId(runId),
            Service.DeleteRun.Response.newBuilder());
      }
    }
    return runs.size() - 1;
  }

  private static boolean hasEnded(Service.RunInfo run) {
    return run.getStatus() != Service.RunStatus.RUNNING && run.getEndTime() > 0;
  }

  void close() {
    transport.close();
  }
}
