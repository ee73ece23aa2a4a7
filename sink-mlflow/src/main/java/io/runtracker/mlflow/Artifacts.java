// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Stores artifacts of runs: through the server's artifact proxy where the run's root is there, else
 * through the upload of MLflow's page. When neither takes a text, the reason is given back, because
 * a run is worth more than its text. A window is nothing without its file, so there it is thrown.
 */
final class Artifacts {

  private static final String PROXY = "/api/2.0/mlflow-artifacts/artifacts/";
  private static final String UPLOAD = "/ajax-api/2.0/mlflow/upload-artifact";
  static final String TEXT = "text/plain; charset=utf-8";
  static final String JSON = "application/json";
  private static final String NO_RUN = "RESOURCE_DOES_NOT_EXIST";
  private static final Pattern SLASHES_AROUND = Pattern.compile("^/+|/+$");
  private static final int REMEMBERED = 10_000;

  /**
   * So often the text of a run may fail in a way that may pass. The store of files may hang or be
   * away while all else is well. Runs without texts pass then, and this one would be set aside.
   */
  private static final int MOST_FAILURES = 3;

  private final Transport transport;
  private final MlflowApi api;
  private final Server server;
  private final Map<String, String> roots = new Remembered<>();
  private final Map<String, Integer> failures = new Remembered<>();

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
      failures.remove(runId);
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
      Answer answer = send(runId, path, RequestBody.of(text), TEXT);
      SinkException failure = failure(answer);
      if (failure == null || isRefused(answer, failure) || failure.kind() == Kind.FAILED) {
        return failure == null ? null : failure.getMessage();
      }
      throw failure;
    } catch (SinkException e) {
      if (isTooOften(runId)) {
        return e.getMessage();
      }
      throw e;
    }
  }

  private boolean isTooOften(String runId) {
    synchronized (roots) {
      return failures.merge(runId, 1, Integer::sum) >= MOST_FAILURES;
    }
  }

  /**
   * Stores what a run is nothing without. The kind of the exception says why it is not stored:
   * {@code UNSUPPORTED} when the server has no place for files, {@code TOO_LARGE} when a smaller
   * one may pass, {@code REFUSED} when this one never will.
   */
  void storeFile(String runId, String path, RequestBody body, String contentType)
      throws SinkException, InterruptedException {
    String proxied = proxiedPath(root(runId));
    SinkException failure = null;
    boolean isProxyAbsent = proxied == null;
    if (proxied != null) {
      Answer put = put(proxied + '/' + path, body, contentType);
      failure = failure(put);
      isProxyAbsent = isAbsent(put);
      if (failure == null) {
        return;
      }
      if (!isProxyAbsent && failure.kind() != Kind.REFUSED && failure.kind() != Kind.FAILED) {
        throw failure;
      }
    }
    Answer upload = upload(runId, path, body, contentType);
    SinkException further = failure(upload);
    if (further == null) {
      return;
    }
    boolean isRefused = further.kind() == Kind.REFUSED;
    if (failure != null && !isProxyAbsent && isRefused) {
      throw failure;
    }
    // What the server says when it has a proxy's address and no proxy is that it failed.
    boolean isUploadAbsent =
        isAbsent(upload) || (failure != null && further.kind() == Kind.FAILED) || isRefused;
    throw isProxyAbsent && isUploadAbsent && !upload.hasErrorCode(NO_RUN)
        ? Failures.unsupported(further)
        : further;
  }

  /** Whether there is nothing that could answer, now or later. */
  private static boolean isAbsent(Answer answer) {
    return switch (answer.status()) {
      case 404, 405, 501 -> true;
      default -> isTurnedOff(answer);
    };
  }

  /** The answer of the proxy when that takes it or may do so later, else that of the upload. */
  private Answer send(String runId, String path, RequestBody body, String contentType)
      throws SinkException, InterruptedException {
    String proxied = proxiedPath(root(runId));
    if (proxied != null) {
      Answer answer = put(proxied + '/' + path, body, contentType);
      SinkException failure = failure(answer);
      if (failure == null) {
        return answer;
      }
      if (!isRefused(answer, failure) && failure.kind() != Kind.FAILED) {
        throw failure;
      }
    }
    return upload(runId, path, body, contentType);
  }

  private Answer put(String proxied, RequestBody body, String contentType)
      throws SinkException, InterruptedException {
    return transport.send("PUT", PROXY + MlflowApi.encodePath(proxied), body, contentType);
  }

  private Answer upload(String runId, String path, RequestBody body, String contentType)
      throws SinkException, InterruptedException {
    String query = "?run_uuid=" + MlflowApi.encode(runId) + "&path=" + MlflowApi.encode(path);
    // An empty body is refused there.
    RequestBody taken = body.length() == 0 ? RequestBody.of("\n") : body;
    return transport.send("POST", UPLOAD + query, taken, contentType);
  }

  private static @Nullable SinkException failure(Answer answer) {
    if (!answer.isOk()) {
      return Failures.of(answer);
    }
    return answer.json() == null && !answer.body().isBlank() ? Failures.unreadable(answer) : null;
  }

  private static boolean isRefused(Answer answer, SinkException failure) {
    return failure.kind() == Kind.REFUSED
        || failure.kind() == Kind.TOO_LARGE
        || isTurnedOff(answer);
  }

  /** An artifact store that is turned off answers 503; it will not be on a moment later. */
  private static boolean isTurnedOff(Answer answer) {
    return answer.status() == 503 && answer.body().contains("serve-artifacts");
  }

  private String root(String runId) throws SinkException, InterruptedException {
    synchronized (roots) {
      String root = roots.get(runId);
      if (root != null) {
        return root;
      }
    }
    String root = api.run(runId).getInfo().getArtifactUri();
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
    String path = SLASHES_AROUND.matcher(uri.getPath()).replaceAll("");
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
