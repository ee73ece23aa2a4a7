// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.SinkException;
import io.runtracker.SinkException.Kind;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mlflow.api.proto.Service;

/**
 * Stores texts and tables as artifacts of runs: through the server's artifact proxy where the run's
 * root is there, else through the upload of MLflow's page. What neither takes is given back with
 * the reason, because a run is worth more than its text.
 */
final class Artifacts {

  private static final String PROXY = "/api/2.0/mlflow-artifacts/artifacts/";
  private static final String UPLOAD = "/ajax-api/2.0/mlflow/upload-artifact";
  private static final String TEXT = "text/plain; charset=utf-8";
  private static final String JSON = "application/json";
  private static final int REMEMBERED = 10_000;

  /** A server whose artifact store hangs lets every call time out; a run must end all the same. */
  private static final int MOST_UNANSWERED = 3;

  private final Transport transport;
  private final MlflowApi api;
  private final Server server;
  private final Map<String, String> roots = new Remembered<>();
  private final Map<String, Integer> unanswered = new Remembered<>();

  Artifacts(Transport transport, MlflowApi api, Server server) {
    this.transport = transport;
    this.api = api;
    this.server = server;
  }

  /** Spares a question later. */
  void remember(String runId, String artifactUri) {
    if (!artifactUri.isEmpty()) {
      synchronized (roots) {
        roots.put(runId, artifactUri);
      }
    }
  }

  void forget(String runId) {
    synchronized (roots) {
      roots.remove(runId);
      unanswered.remove(runId);
    }
  }

  /**
   * Stores a text.
   *
   * @return null when it is stored, else why the server does not take it
   */
  @Nullable String storeText(String runId, String path, String text)
      throws SinkException, InterruptedException {
    try {
      Answer answer = send(runId, path, BodyPublishers.ofString(text), TEXT);
      SinkException failure = failure(answer);
      if (failure == null || isRefused(answer, failure) || failure.kind() == Kind.FAILED) {
        return failure == null ? null : failure.getMessage();
      }
      throw failure;
    } catch (SinkException e) {
      if (e.kind() == Kind.UNKNOWN && isTooOften(runId)) {
        return e.getMessage();
      }
      throw e;
    }
  }

  private boolean isTooOften(String runId) {
    synchronized (roots) {
      return unanswered.merge(runId, 1, Integer::sum) >= MOST_UNANSWERED;
    }
  }

  /**
   * Stores what a run is nothing without, so that trouble that may pass is always thrown.
   *
   * @return null when it is stored, else why the server will never take it
   */
  @Nullable String storeTable(String runId, String path, BodyPublisher json)
      throws SinkException, InterruptedException {
    Answer answer = send(runId, path, json, JSON);
    SinkException failure = failure(answer);
    if (failure == null || isRefused(answer, failure)) {
      return failure == null ? null : failure.getMessage();
    }
    throw failure;
  }

  /** The answer of the proxy when that takes it or may do so later, else that of the upload. */
  private Answer send(String runId, String path, BodyPublisher body, String contentType)
      throws SinkException, InterruptedException {
    String proxied = proxiedPath(root(runId));
    if (proxied != null) {
      String target = PROXY + MlflowApi.encodePath(proxied + '/' + path);
      Answer answer = transport.send("PUT", target, body, contentType);
      SinkException failure = failure(answer);
      if (failure == null) {
        return answer;
      }
      if (!isRefused(answer, failure) && failure.kind() != Kind.FAILED) {
        throw failure;
      }
    }
    String query = "?run_uuid=" + MlflowApi.encode(runId) + "&path=" + MlflowApi.encode(path);
    // An empty body is refused there.
    BodyPublisher taken = body.contentLength() == 0 ? BodyPublishers.ofString("\n") : body;
    return transport.send("POST", UPLOAD + query, taken, contentType);
  }

  private static @Nullable SinkException failure(Answer answer) {
    if (!answer.isOk()) {
      return Failures.of(answer);
    }
    return answer.json() == null && !answer.body().isBlank() ? Failures.unreadable(answer) : null;
  }

  /** An artifact store that is turned off answers 503; it will not be on a moment later. */
  private static boolean isRefused(Answer answer, SinkException failure) {
    return failure.kind() == Kind.REFUSED
        || (answer.status() == 503 && answer.body().contains("serve-artifacts"));
  }

  private String root(String runId) throws SinkException, InterruptedException {
    synchronized (roots) {
      String root = roots.get(runId);
      if (root != null) {
        return root;
      }
    }
    Answer answer = api.get("runs/get", "run_id", runId);
    String root =
        MlflowApi.read(answer, Service.GetRun.Response.newBuilder())
            .getRun()
            .getInfo()
            .getArtifactUri();
    remember(runId, root);
    return root;
  }

  /** The root within the server's proxy; null when it is elsewhere, where no password goes. */
  private @Nullable String proxiedPath(String root) {
    URI uri;
    try {
      uri = URI.create(root);
    } catch (IllegalArgumentException notAnUri) {
      return null;
    }
    if (!"mlflow-artifacts".equals(uri.getScheme()) || uri.getPath() == null) {
      return null;
    }
    String authority = uri.getRawAuthority();
    if (authority != null && !authority.equals(URI.create(server.address()).getRawAuthority())) {
      return null;
    }
    String path = uri.getPath().replaceAll("^/+|/+$", "");
    return path.isEmpty() ? null : path;
  }

  /** Guarded by the lock of {@link #roots}. */
  private static final class Remembered<V> extends LinkedHashMap<String, V> {
    @Override
    protected boolean removeEldestEntry(Map.Entry<String, V> eldest) {
      return size() > REMEMBERED;
    }
  }
}
