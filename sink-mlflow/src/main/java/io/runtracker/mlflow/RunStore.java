// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.sink.SinkException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.mlflow.api.proto.Service;
import org.mlflow_project.google.gson.JsonElement;
import org.mlflow_project.google.gson.JsonObject;

/** Creates, fills, ends and finds runs of the experiment, whatever they are runs of. */
final class RunStore {

  private static final Pattern RUN_ID = Pattern.compile("[A-Za-z0-9][\\w-]{0,255}");

  /** What can be put into a search for sure; names with anything else are left out of it. */
  private static final Pattern SEARCHABLE = Pattern.compile("[\\w\\-./:{}=~,@+%&$!* ()]+");

  private static final Pattern UNQUOTABLE = Pattern.compile("['\"`\\\\\\p{Cntrl}]");

  private static final int MOST_FOUND = 100;

  /** In the message that says why a deleted run cannot be deleted. */
  private static final String DELETED = "deleted";

  private final MlflowApi api;
  private final Experiment experiment;

  RunStore(MlflowApi api, Experiment experiment) {
    this.api = api;
    this.experiment = experiment;
  }

  /**
   * Creates a run with as many of the tags as a create may hold, see {@link #beyondCreate}. Of the
   * answer there are the run's id and artifact root.
   *
   * @param startMillis since the epoch
   */
  Service.RunInfo create(String name, long startMillis, List<Service.RunTag> tags)
      throws SinkException, InterruptedException {
    Service.CreateRun.Builder creation =
        Service.CreateRun.newBuilder()
            .setRunName(name)
            .setStartTime(startMillis)
            .addAllTags(tags.subList(0, Batches.tagsOfCreate(tags)));
    String experimentId = experiment.id();
    Answer answer = api.post("runs/create", creation.setExperimentId(experimentId));
    boolean isRefused = answer.status() == 400 || answer.status() == 404;
    // Another thread may have mended it meanwhile.
    boolean isGone = answer.hasErrorCode(Answer.DOES_NOT_EXIST);
    if (isRefused && answer.errorCode() != null && (experiment.isMended(experimentId) || isGone)) {
      answer = api.post("runs/create", creation.setExperimentId(experiment.id()));
    }
    return created(answer);
  }

  /** Only what is asked for: the answer repeats all tags, and reading those costs the most. */
  private static Service.RunInfo created(Answer answer) throws SinkException {
    JsonObject info = object(object(MlflowApi.requireJson(answer), "run"), "info");
    String runId = text(info, "run_id");
    if (!RUN_ID.matcher(runId).matches()) {
      throw Failures.unreadable(answer);
    }
    return Service.RunInfo.newBuilder()
        .setRunId(runId)
        .setArtifactUri(text(info, "artifact_uri"))
        .build();
  }

  private static JsonObject object(JsonObject parent, String field) {
    JsonElement value = parent.get(field);
    return value != null && value.isJsonObject() ? value.getAsJsonObject() : new JsonObject();
  }

  private static String text(JsonObject parent, String field) {
    JsonElement value = parent.get(field);
    return value != null && value.isJsonPrimitive() ? value.getAsString() : "";
  }

  /** The tags that {@link #create} left out. */
  static List<Service.RunTag> beyondCreate(List<Service.RunTag> tags) {
    return tags.subList(Batches.tagsOfCreate(tags), tags.size());
  }

  /** Safe to repeat with the same entries. */
  void log(
      String runId,
      List<Service.Metric> metrics,
      List<Service.Param> params,
      List<Service.RunTag> tags)
      throws SinkException, InterruptedException {
    for (Service.LogBatch batch : Batches.of(runId, metrics, params, tags)) {
      api.tell("runs/log-batch", batch);
    }
  }

  /**
   * Ends a run, or moves its end. Safe to repeat.
   *
   * @param endMillis since the epoch
   */
  void end(String runId, Service.RunStatus status, long endMillis)
      throws SinkException, InterruptedException {
    api.tell(
        "runs/update",
        Service.UpdateRun.newBuilder().setRunId(runId).setStatus(status).setEndTime(endMillis));
  }

  /**
   * A condition on the run's name, which MLflow has an index on; empty for names that cannot be put
   * into a search.
   */
  static String named(String name) {
    return SEARCHABLE.matcher(name).matches() ? "attributes.run_name = '" + name + "' and " : "";
  }

  /** A condition on a tag; the value must be {@link #quotable}. */
  static String tagged(String key, String value) {
    return "tags.`" + key + "` = '" + value + "'";
  }

  /** The value in a form that can be searched for: MLflow knows no escape for a quote. */
  static String quotable(String value) {
    return UNQUOTABLE.matcher(Text.fit(value, 500)).replaceAll("_");
  }

  /**
   * Deleted runs count: who deleted one does not want it again. Of several, one that has ended
   * comes first, since nobody may complete the others, and one that was deleted as a second run
   * last.
   */
  Optional<String> find(String filter) throws SinkException, InterruptedException {
    return search(filter, Service.ViewType.ALL).stream()
        .map(Service.Run::getInfo)
        .min(
            Comparator.comparing((Service.RunInfo info) -> !hasEnded(info))
                .thenComparing(info -> info.getLifecycleStage().equals(DELETED)))
        .map(Service.RunInfo::getRunId);
  }

  /** Whether a run has ended, which is the last that is written of it. */
  boolean hasEnded(String runId) throws SinkException, InterruptedException {
    return hasEnded(api.run(runId).getInfo());
  }

  private static boolean hasEnded(Service.RunInfo info) {
    return info.getStatus() != Service.RunStatus.RUNNING;
  }

  List<Service.Run> search(String filter, Service.ViewType view)
      throws SinkException, InterruptedException {
    return api.post(
            "runs/search",
            Service.SearchRuns.newBuilder()
                .addExperimentIds(experiment.id())
                .setFilter(filter)
                .setRunViewType(view)
                .setMaxResults(MOST_FOUND),
            Service.SearchRuns.Response.newBuilder())
        .getRunsList();
  }

  /**
   * Deletes all other runs with the event id of this one. Not by its name: another program, such as
   * the command line, may have completed what a service began under another.
   *
   * @return how many were deleted
   */
  int removeOthers(String runId) throws SinkException, InterruptedException {
    int removed = 0;
    for (Service.RunTag tag : api.run(runId).getData().getTagsList()) {
      if (tag.getKey().equals(RunContent.EVENT_ID)) {
        String filter = tagged(RunContent.EVENT_ID, quotable(tag.getValue()));
        for (Service.Run run : search(filter, Service.ViewType.ACTIVE_ONLY)) {
          String other = run.getInfo().getRunId();
          if (!other.equals(runId)) {
            delete(other);
            removed++;
          }
        }
      }
    }
    return removed;
  }

  /** Deletes a run, unless it is deleted already or was never there. Safe to repeat. */
  void delete(String runId) throws SinkException, InterruptedException {
    Answer answer = api.post("runs/delete", Service.DeleteRun.newBuilder().setRunId(runId));
    if (!isGone(answer)) {
      MlflowApi.requireJson(answer);
    }
  }

  private static boolean isGone(Answer answer) {
    return answer.hasErrorCode("RESOURCE_DOES_NOT_EXIST")
        || (answer.hasErrorCode("INVALID_PARAMETER_VALUE") && answer.message().contains(DELETED));
  }
}
