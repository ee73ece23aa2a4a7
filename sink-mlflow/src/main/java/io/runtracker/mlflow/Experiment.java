// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.mlflow.api.proto.Service;

/**
 * The experiment that runs go to, found or created once. A failure here is the server's or the
 * settings', never a request's, so it loses none: all are tried again until it is mended.
 */
final class Experiment {

  private final MlflowApi api;
  private final @Nullable String name;
  private final String givenId;
  private final ReentrantLock looking = new ReentrantLock();
  private volatile @Nullable String knownId;

  /** Ends waiting for those who waited while another one failed, or each would wait in turn. */
  private volatile @Nullable Failed lastFailure;

  private record Failed(long atNanos, SinkException failure) {}

  Experiment(MlflowApi api, MlflowSettings settings) {
    this.api = api;
    this.name = settings.experimentName();
    this.givenId = settings.experimentId();
  }

  String id() throws SinkException, InterruptedException {
    if (name == null) {
      return givenId;
    }
    String id = knownId;
    if (id != null) {
      return id;
    }
    long askedAt = System.nanoTime();
    looking.lockInterruptibly();
    try {
      return lookedUp(name, askedAt);
    } finally {
      looking.unlock();
    }
  }

  private String lookedUp(String name, long askedAt) throws SinkException, InterruptedException {
    String id = knownId;
    if (id != null) {
      return id;
    }
    Failed failed = lastFailure;
    if (failed != null && failed.atNanos - askedAt > 0) {
      throw failed.failure;
    }
    try {
      id = findOrCreate(name);
      knownId = id;
      return id;
    } catch (SinkException e) {
      SinkException ofServer = ofServer(e);
      lastFailure = new Failed(System.nanoTime(), ofServer);
      throw ofServer;
    }
  }

  /**
   * After a run was refused: whether that is the experiment's fault. Has it anew then, maybe under
   * the same id, as where the server's database was emptied.
   *
   * @throws SinkException when the experiment is not there and could not be had anew
   */
  boolean isMended(String id) throws SinkException, InterruptedException {
    Service.Experiment experiment;
    try {
      Answer answer = api.get("experiments/get", "experiment_id", id);
      if (answer.isOk()) {
        experiment = read(answer);
      } else if (answer.hasErrorCode(Answer.DOES_NOT_EXIST)) {
        experiment = null;
      } else {
        throw Failures.of(answer);
      }
    } catch (SinkException e) {
      throw ofServer(e);
    }
    if (experiment != null && isActive(experiment)) {
      return false;
    }
    if (name == null) {
      throw experiment != null
          ? deleted(experiment)
          : unavailable("experiment " + id + " does not exist; see MLFLOW_EXPERIMENT_ID");
    }
    if (id.equals(knownId)) {
      knownId = null;
    }
    return experiment == null ? !id().isEmpty() : !id().equals(id);
  }

  private String findOrCreate(String name) throws SinkException, InterruptedException {
    Answer answer = getByName(name);
    if (answer.hasErrorCode(Answer.DOES_NOT_EXIST)) {
      Answer created =
          api.post("experiments/create", Service.CreateExperiment.newBuilder().setName(name));
      if (created.isOk()) {
        return requireId(
            created,
            MlflowApi.read(created, Service.CreateExperiment.Response.newBuilder())
                .getExperimentId());
      }
      if (!created.hasErrorCode("RESOURCE_ALREADY_EXISTS")) {
        throw Failures.of(created);
      }
      answer = getByName(name);
    }
    Service.Experiment experiment = read(answer);
    if (!isActive(experiment)) {
      throw deleted(experiment);
    }
    return requireId(answer, experiment.getExperimentId());
  }

  private Answer getByName(String name) throws SinkException, InterruptedException {
    return api.get("experiments/get-by-name", "experiment_name", name);
  }

  private static Service.Experiment read(Answer answer) throws SinkException {
    return MlflowApi.read(answer, Service.GetExperiment.Response.newBuilder()).getExperiment();
  }

  private static boolean isActive(Service.Experiment experiment) {
    return !experiment.getLifecycleStage().equals("deleted");
  }

  private static String requireId(Answer answer, String id) throws SinkException {
    if (id.isEmpty()) {
      throw Failures.unreadable(answer);
    }
    return id;
  }

  private static SinkException deleted(Service.Experiment experiment) {
    return unavailable(
        "experiment '"
            + experiment.getName()
            + "' is deleted; restore it by `mlflow experiments restore --experiment-id "
            + experiment.getExperimentId()
            + "`, or choose another by MLFLOW_EXPERIMENT_NAME");
  }

  private static SinkException unavailable(String message) {
    return new SinkException(Kind.UNAVAILABLE, message, null);
  }

  private static SinkException ofServer(SinkException e) {
    return e.kind() == Kind.UNAVAILABLE || e.kind() == Kind.UNAUTHORIZED
        ? e
        : new SinkException(
            Kind.UNAVAILABLE, "the experiment cannot be had: " + e.getMessage(), e, e.retryAfter());
  }
}
