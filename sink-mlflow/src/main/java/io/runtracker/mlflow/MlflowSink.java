// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.RequestEvent;
import io.runtracker.internal.config.Setting;
import io.runtracker.internal.config.Told;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.WindowDraft;
import io.runtracker.sink.WindowSink;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Writes each request as a run of an MLflow server, in as few calls as it takes: create the run
 * with its tags, log its metrics and params, store its texts, end it. Safe for many threads.
 *
 * <p>A {@link RequestWindow} becomes one run whose artifact {@code requests.jsonl} holds its
 * requests, each a line of JSON, with metrics of the whole and of its routes. Its artifact {@code
 * highlights.json} is a table of some of them, which MLflow's page opens. A run of the day, one per
 * service, host and day in UTC, holds the metrics of all its windows as curves.
 *
 * <p>A sink that was built has no thread and no connection until its first call. Mistakes in its
 * settings are told by {@link IllegalArgumentException} when it is built, and never later. All data
 * is made to fit MLflow's limits here, so that no request is refused for what it holds.
 */
public final class MlflowSink implements WindowSink {

  private final MlflowSettings settings;
  private final Transport transport;
  private final RunStore store;
  private final RunWriter runs;
  private final WindowWriter windows;

  private MlflowSink(MlflowSettings settings) {
    this.settings = settings;
    this.transport = new Transport(settings);
    MlflowApi api = new MlflowApi(transport);
    this.store = new RunStore(api, new Experiment(api, settings));
    Artifacts artifacts = new Artifacts(transport, api, settings.server());
    ServerNames names = new ServerNames(settings.server().address());
    this.runs = new RunWriter(settings, store, artifacts, names);
    this.windows = new WindowWriter(settings, store, artifacts, names);
  }

  /** The sink that the process's environment describes. */
  public static MlflowSink fromEnvironment() {
    return builder().build();
  }

  /** The sink that these variables describe. */
  public static MlflowSink fromEnvironment(Map<String, String> environment) {
    return builder().environment(environment).build();
  }

  /** Settings by hand; what is not set comes from the environment. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String create(RequestEvent event) throws SinkException, InterruptedException {
    return runs.create(event);
  }

  @Override
  public void complete(String runId, RequestEvent event)
      throws SinkException, InterruptedException {
    runs.complete(runId, event);
  }

  @Override
  public Optional<String> find(RequestEvent event) throws SinkException, InterruptedException {
    return runs.find(event);
  }

  @Override
  public boolean isComplete(String runId) throws SinkException, InterruptedException {
    return store.hasEnded(runId);
  }

  @Override
  public int removeDuplicates(String runId) throws SinkException, InterruptedException {
    return store.removeOthers(runId);
  }

  @Override
  public WindowDraft newWindow() {
    return new MlflowWindowDraft(windows);
  }

  @Override
  public Optional<String> find(RequestWindow window) throws SinkException, InterruptedException {
    return windows.find(window);
  }

  @Override
  public void discard(String runId) throws SinkException, InterruptedException {
    windows.discard(runId);
  }

  /** Writes the last seconds of the day, see {@link DayRuns}. */
  @Override
  public void flush() throws SinkException, InterruptedException {
    windows.flush();
  }

  /** The variables of the environment that a sink reads. */
  public static Set<String> variables() {
    return SinkSettings.ALL.stream().map(Setting::variable).collect(Collectors.toUnmodifiableSet());
  }

  /** Where runs go, without credentials. */
  @Override
  public String toString() {
    String name = settings.experimentName();
    return "MLflow at "
        + settings.server().address()
        + ", experiment "
        + (name == null ? settings.experimentId() : "'" + name + "'");
  }

  @Override
  public void close() {
    transport.close();
  }

  /**
   * Settings of a {@link MlflowSink}. What is not set here comes from the environment, in MLflow's
   * own variables and a few of Runtracker's. Not safe for use by several threads.
   */
  public static final class Builder {
    final Told told = new Told();
    Map<String, String> environment = System.getenv();
    final Map<String, String> tags = new LinkedHashMap<>();

    private Builder() {}

    private <T> Builder tell(Setting<T> setting, T value) {
      told.tell(setting, value);
      return this;
    }

    /** What to read in place of the process's environment. */
    public Builder environment(Map<String, String> variables) {
      this.environment = Map.copyOf(variables);
      return this;
    }

    /**
     * The server: {@code http://} or {@code https://}, with a path where it is not at the root, or
     * {@code databricks} or {@code databricks://profile}. User and password may be part of it.
     * Default: {@code MLFLOW_TRACKING_URI}, else {@code http://127.0.0.1:5000}.
     */
    public Builder trackingUri(String uri) {
      return tell(SinkSettings.TRACKING_URI, uri);
    }

    /**
     * The experiment's name; created when there is none. Not together with {@link #experimentId}.
     * Default: {@code MLFLOW_EXPERIMENT_NAME}.
     */
    public Builder experiment(String name) {
      return tell(SinkSettings.EXPERIMENT, name);
    }

    /**
     * The experiment's number. Default: {@code MLFLOW_EXPERIMENT_ID}, else 0, MLflow's "Default".
     */
    public Builder experimentId(String id) {
      return tell(SinkSettings.EXPERIMENT_ID, id);
    }

    /**
     * For basic authentication; needs a {@link #password}. Default: {@code
     * MLFLOW_TRACKING_USERNAME}, else {@code ~/.mlflow/credentials}.
     */
    public Builder username(String username) {
      return tell(SinkSettings.USERNAME, username);
    }

    /** Default: {@code MLFLOW_TRACKING_PASSWORD}, else {@code ~/.mlflow/credentials}. */
    public Builder password(String password) {
      return tell(SinkSettings.PASSWORD, password);
    }

    /** For bearer authentication. Default: {@code MLFLOW_TRACKING_TOKEN}. */
    public Builder token(String token) {
      return tell(SinkSettings.TOKEN, token);
    }

    /**
     * Whether to accept a server without checking its certificate; never in production. Default:
     * {@code MLFLOW_TRACKING_INSECURE_TLS}, else false.
     */
    public Builder insecureTls(boolean insecure) {
      return tell(SinkSettings.INSECURE_TLS, insecure);
    }

    /**
     * A PEM file with the certificates to trust, in place of the JVM's. Default: {@code
     * MLFLOW_TRACKING_SERVER_CERT_PATH}.
     */
    public Builder serverCertificate(Path pem) {
      return tell(SinkSettings.SERVER_CERTIFICATE, pem);
    }

    /**
     * A PEM file with a certificate and its key (PKCS#8), to show to the server. Default: {@code
     * MLFLOW_TRACKING_CLIENT_CERT_PATH}.
     */
    public Builder clientCertificate(Path pem) {
      return tell(SinkSettings.CLIENT_CERTIFICATE, pem);
    }

    /** The workspace, on a server with workspaces. Default: {@code MLFLOW_WORKSPACE}. */
    public Builder workspace(String name) {
      return tell(SinkSettings.WORKSPACE, name);
    }

    /**
     * The longest that one call may take, its body included. Default: {@code
     * MLFLOW_HTTP_REQUEST_TIMEOUT} (seconds), else 30 s: longer than a locked SQLite takes to give
     * up (20 s), so that its answer is heard.
     */
    public Builder requestTimeout(Duration timeout) {
      return tell(SinkSettings.REQUEST_TIMEOUT, timeout);
    }

    /** The longest to wait for a connection. Default: 5 s. */
    public Builder connectTimeout(Duration timeout) {
      return tell(SinkSettings.CONNECT_TIMEOUT, timeout);
    }

    /**
     * The id of the run that every run is nested under. Default: {@code RUNTRACKER_PARENT_RUN},
     * else {@code MLFLOW_RUN_ID}, else none.
     */
    public Builder parentRun(String runId) {
      return tell(SinkSettings.PARENT_RUN, runId);
    }

    /**
     * What runs name as their source, and windows and days are named after. Default: {@code
     * RUNTRACKER_SERVICE_NAME}, else the main class or jar. The adapters for servlets and Spring
     * give it the context path of a WAR.
     */
    public Builder serviceName(String name) {
      return tell(SinkSettings.SERVICE_NAME, name);
    }

    /**
     * A tag of every run, unless its handler gives it another value; wins over {@code
     * MLFLOW_RUN_CONTEXT}.
     */
    public Builder tag(String key, String value) {
      this.tags.put(key, value);
      return this;
    }

    /**
     * Whether a run holds the metric {@code duration_ms}; without it, a plain run takes two calls
     * in place of three. Default: true.
     */
    public Builder durationMetric(boolean record) {
      return tell(SinkSettings.DURATION_METRIC, record);
    }

    /**
     * How many routes of a window have metrics of their own: those with the most requests. The
     * others are counted together under {@code other}, and so are requests without a route. From 0
     * to 80. Default: {@code RUNTRACKER_WINDOW_ROUTES}, else 20.
     */
    public Builder windowRoutes(int routes) {
      return tell(SinkSettings.WINDOW_ROUTES, routes);
    }

    /**
     * The share of failed requests, from 0 to 1, above which the run of a window is {@code FAILED}.
     * With 0 one failed request is enough, with 1 no number is. Default: {@code
     * RUNTRACKER_WINDOW_FAILURE_RATIO}, else 0.5: the service failed more often than not.
     */
    public Builder windowFailureRatio(double share) {
      return tell(SinkSettings.WINDOW_FAILURE_RATIO, share);
    }

    /**
     * Builds the sink; makes no call.
     *
     * @throws IllegalArgumentException when a setting cannot be used; the message names it
     */
    public MlflowSink build() {
      return new MlflowSink(new SettingsResolver(this).resolve());
    }
  }
}
