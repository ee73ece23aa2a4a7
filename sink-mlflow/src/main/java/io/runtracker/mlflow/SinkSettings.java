// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.internal.config.ValueType.BOOLEAN;
import static io.runtracker.internal.config.ValueType.DECIMAL;
import static io.runtracker.internal.config.ValueType.DURATION_OF_TIME;
import static io.runtracker.internal.config.ValueType.INTEGER;
import static io.runtracker.internal.config.ValueType.PATH;
import static io.runtracker.internal.config.ValueType.TEXT;

import io.runtracker.internal.config.Checks;
import io.runtracker.internal.config.Setting;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a sink for MLflow may be told. */
final class SinkSettings {

  private static final int LONGEST_EXPERIMENT_NAME = 500;

  /** The metrics of so many, whatever their names, fit one log-batch call. */
  private static final int MOST_WINDOW_ROUTES = 80;

  static final Setting<String> TRACKING_URI =
      Setting.of(
              "trackingUri",
              TEXT,
              "http://127.0.0.1:5000",
              "`http://127.0.0.1:5000`",
              "the server: `http://`, `https://`, `databricks` or `databricks://profile`")
          .in("MLFLOW_TRACKING_URI");

  static final Setting<String> EXPERIMENT =
      Setting.<String>open(
              "experiment", TEXT, "none", "the experiment by name, created when there is none")
          .in("MLFLOW_EXPERIMENT_NAME")
          .must(SinkSettings::faultOfExperiment);

  static final Setting<String> EXPERIMENT_ID =
      Setting.of("experimentId", TEXT, "0", "0", "the experiment by number")
          .in("MLFLOW_EXPERIMENT_ID")
          .must(
              id ->
                  id.matches("\\d{1,18}")
                      ? null
                      : "must be a number, but is '"
                          + id
                          + "'; a name goes into MLFLOW_EXPERIMENT_NAME");

  static final Setting<String> USERNAME =
      Setting.<String>open(
              "username", TEXT, "`~/.mlflow/credentials`", "the user of basic authentication")
          .in("MLFLOW_TRACKING_USERNAME");

  static final Setting<String> PASSWORD =
      Setting.<String>open(
              "password", TEXT, "`~/.mlflow/credentials`", "the password of basic authentication")
          .in("MLFLOW_TRACKING_PASSWORD");

  static final Setting<String> TOKEN =
      Setting.<String>open("token", TEXT, "none", "bearer authentication")
          .in("MLFLOW_TRACKING_TOKEN");

  static final Setting<Boolean> INSECURE_TLS =
      Setting.of(
              "insecureTls",
              BOOLEAN,
              false,
              "false",
              "whether to accept a server without checking its certificate; never in production")
          .in("MLFLOW_TRACKING_INSECURE_TLS");

  static final Setting<Path> SERVER_CERTIFICATE =
      Setting.<Path>open(
              "serverCertificate", PATH, "the JVM's", "PEM file with the certificates to trust")
          .in("MLFLOW_TRACKING_SERVER_CERT_PATH");

  static final Setting<Path> CLIENT_CERTIFICATE =
      Setting.<Path>open(
              "clientCertificate", PATH, "none", "PEM file with a certificate and its PKCS#8 key")
          .in("MLFLOW_TRACKING_CLIENT_CERT_PATH");

  static final Setting<String> WORKSPACE =
      Setting.<String>open("workspace", TEXT, "none", "the workspace, on a server with workspaces")
          .in("MLFLOW_WORKSPACE");

  static final Setting<Duration> REQUEST_TIMEOUT =
      Setting.of(
              "requestTimeout",
              DURATION_OF_TIME,
              Duration.ofSeconds(30),
              "30 s",
              "the longest that one call may take")
          .in("MLFLOW_HTTP_REQUEST_TIMEOUT")
          .must(Checks.positive())
          .must(SinkSettings::faultOfTimeout);

  static final Setting<Duration> CONNECT_TIMEOUT =
      Setting.of(
              "connectTimeout",
              DURATION_OF_TIME,
              Duration.ofSeconds(5),
              "5 s",
              "the longest wait for a connection")
          .must(Checks.positive())
          .must(SinkSettings::faultOfTimeout);

  static final Setting<String> PARENT_RUN =
      Setting.<String>open(
              "parentRun",
              TEXT,
              "`MLFLOW_RUN_ID`, else none",
              "the run that every run is nested under")
          .must(SinkSettings::faultOfRun);

  /** Read where {@link #PARENT_RUN} is not set. */
  static final Setting<String> RUN_ID =
      Setting.<String>open("", TEXT, "", "").in("MLFLOW_RUN_ID").must(SinkSettings::faultOfRun);

  static final Setting<String> SERVICE_NAME =
      Setting.open(
          "serviceName",
          TEXT,
          "main class or jar; in a WAR its context path",
          "the tag `mlflow.source.name`, and what windows and days are named after");

  static final Setting<Boolean> DURATION_METRIC =
      Setting.of(
          "durationMetric",
          BOOLEAN,
          true,
          "true",
          "whether runs hold `duration_ms`; without it a plain run takes two calls in place of"
              + " three");

  static final Setting<Integer> WINDOW_ROUTES =
      Setting.of(
              "windowRoutes",
              INTEGER,
              20,
              "20",
              "how many routes of a window have metrics of their own, those with the most requests;"
                  + " the rest is under `other`; 80 at most")
          .must(Checks.between(0, MOST_WINDOW_ROUTES));

  static final Setting<Double> WINDOW_FAILURE_RATIO =
      Setting.of(
              "windowFailureRatio",
              DECIMAL,
              0.5,
              "0.5",
              "the share of failed requests above which the run of a window is `FAILED`")
          .must(Checks.between(0, 1));

  /** In the order of the documents. */
  static final List<Setting<?>> ALL =
      List.of(
          TRACKING_URI,
          EXPERIMENT,
          EXPERIMENT_ID,
          USERNAME,
          PASSWORD,
          TOKEN,
          INSECURE_TLS,
          SERVER_CERTIFICATE,
          CLIENT_CERTIFICATE,
          WORKSPACE,
          REQUEST_TIMEOUT,
          CONNECT_TIMEOUT,
          PARENT_RUN,
          SERVICE_NAME,
          DURATION_METRIC,
          WINDOW_ROUTES,
          WINDOW_FAILURE_RATIO);

  private SinkSettings() {}

  private static @Nullable String faultOfExperiment(String name) {
    boolean isUsable =
        !name.isBlank()
            && name.length() <= LONGEST_EXPERIMENT_NAME
            && name.equals(Text.fit(name, LONGEST_EXPERIMENT_NAME));
    return isUsable ? null : "must be 1 to " + LONGEST_EXPERIMENT_NAME + " characters";
  }

  /** The HTTP client takes whole milliseconds, and 0 for ever. */
  private static @Nullable String faultOfTimeout(Duration timeout) {
    return timeout.toMillis() == 0 ? "must be 1 ms at least, but is " + timeout : null;
  }

  private static @Nullable String faultOfRun(String id) {
    return id.matches("[A-Za-z0-9][\\w-]{0,255}") ? null : "is '" + id + "', which is no run's id";
  }
}
