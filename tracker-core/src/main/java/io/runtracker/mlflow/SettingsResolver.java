// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.mlflow_project.google.gson.JsonElement;
import org.mlflow_project.google.gson.JsonParseException;
import org.mlflow_project.google.gson.JsonParser;

/**
 * Puts the builder's settings, the environment and the defaults together, in this order, and
 * refuses what cannot work.
 */
final class SettingsResolver {

  private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
  private static final int LONGEST_EXPERIMENT_NAME = 500;
  private static final int WINDOW_ROUTES = 20;
  private static final double WINDOW_FAILURE_RATIO = 0.5;

  /** The metrics of so many, whatever their names, fit one log-batch call. */
  private static final int MOST_WINDOW_ROUTES = 80;

  private final MlflowSink.Builder told;
  private final Environment environment;

  SettingsResolver(MlflowSink.Builder told) {
    this.told = told;
    this.environment = new Environment(told.environment);
  }

  MlflowSettings resolve() {
    refuseUnsupported();
    boolean insecure =
        told.insecureTls != null
            ? told.insecureTls
            : environment.isTrue("MLFLOW_TRACKING_INSECURE_TLS");
    Server server = new ServerResolver(told, environment, insecure).resolve();
    Duration requestTimeout =
        timeout(told.requestTimeout, "MLFLOW_HTTP_REQUEST_TIMEOUT", REQUEST_TIMEOUT);
    Duration connectTimeout =
        timeout(told.connectTimeout, "RUNTRACKER_CONNECT_TIMEOUT", CONNECT_TIMEOUT);
    String name = experimentName();
    return new MlflowSettings(
        server,
        new ProxyResolver(environment).resolve(address(server)),
        tls(insecure),
        header("the workspace", or(told.workspace, "MLFLOW_WORKSPACE")),
        name,
        experimentId(),
        requestTimeout,
        connectTimeout.compareTo(requestTimeout) < 0 ? connectTimeout : requestTimeout,
        defaultTags(),
        parentRun(),
        durationMetric(),
        serviceName(),
        environment.get("HOSTNAME"),
        windowRoutes(),
        windowFailureRatio());
  }

  /** Any but that of Databricks was looked at already. */
  private static Address address(Server server) {
    try {
      return Address.parse(server.address());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("DATABRICKS_HOST: " + e.getMessage(), e);
    }
  }

  private void refuseUnsupported() {
    if (environment.isTrue("MLFLOW_TRACKING_AWS_SIGV4")) {
      throw new IllegalArgumentException(
          "MLFLOW_TRACKING_AWS_SIGV4: signing for AWS is not supported; use a token, or a proxy that"
              + " signs");
    }
    if (environment.get("MLFLOW_TRACKING_AUTH") != null) {
      throw new IllegalArgumentException(
          "MLFLOW_TRACKING_AUTH: Python's authentication plugins are not supported; use a user and"
              + " password, or a token");
    }
  }

  private @Nullable String or(@Nullable String value, String variable) {
    return value != null ? value : environment.get(variable);
  }

  private @Nullable SSLContext tls(boolean insecure) {
    Path trusted = path(told.serverCertificate, "MLFLOW_TRACKING_SERVER_CERT_PATH");
    if (insecure && trusted != null) {
      throw new IllegalArgumentException(
          "MLFLOW_TRACKING_INSECURE_TLS trusts every server, MLFLOW_TRACKING_SERVER_CERT_PATH only"
              + " some: set one of the two");
    }
    return TlsContext.of(
        insecure, trusted, path(told.clientCertificate, "MLFLOW_TRACKING_CLIENT_CERT_PATH"));
  }

  private @Nullable Path path(@Nullable Path value, String variable) {
    return value != null ? value : environment.get(variable, Path::of);
  }

  private Duration timeout(@Nullable Duration value, String variable, Duration byDefault) {
    Duration timeout = value != null ? value : environment.get(variable, Environment::duration);
    if (timeout == null) {
      return byDefault;
    }
    if (timeout.toMillis() <= 0) {
      throw new IllegalArgumentException(
          (value != null ? "a time-out" : variable) + ": must be more than 0, but is " + timeout);
    }
    return timeout;
  }

  private @Nullable String experimentName() {
    if (told.experiment != null && told.experimentId != null) {
      throw new IllegalArgumentException(
          "an experiment is given by its name or by its id, not by both");
    }
    String name = told.experimentId != null ? null : or(told.experiment, "MLFLOW_EXPERIMENT_NAME");
    if (name == null) {
      return null;
    }
    boolean usable =
        !name.isBlank()
            && name.length() <= LONGEST_EXPERIMENT_NAME
            && name.equals(Text.fit(name, LONGEST_EXPERIMENT_NAME));
    if (!usable) {
      throw new IllegalArgumentException(
          "MLFLOW_EXPERIMENT_NAME: must be 1 to " + LONGEST_EXPERIMENT_NAME + " characters");
    }
    return name;
  }

  private String experimentId() {
    String id =
        Optional.ofNullable(or(told.experimentId, "MLFLOW_EXPERIMENT_ID")).orElse("0").strip();
    if (!id.matches("\\d{1,18}")) {
      throw new IllegalArgumentException(
          "MLFLOW_EXPERIMENT_ID: must be a number, but is '"
              + id
              + "'; a name goes into MLFLOW_EXPERIMENT_NAME");
    }
    return id;
  }

  private @Nullable String parentRun() {
    String variable =
        environment.get("RUNTRACKER_PARENT_RUN") != null
            ? "RUNTRACKER_PARENT_RUN"
            : "MLFLOW_RUN_ID";
    String id = or(told.parentRun, variable);
    if (id != null && !id.matches("[A-Za-z0-9][\\w-]{0,255}")) {
      throw new IllegalArgumentException(
          (told.parentRun != null ? "parentRun" : variable) + ": '" + id + "' is not a run's id");
    }
    return id;
  }

  private boolean durationMetric() {
    if (told.durationMetric != null) {
      return told.durationMetric;
    }
    return !Boolean.FALSE.equals(environment.get("RUNTRACKER_DURATION_METRIC", Environment::bool));
  }

  private String serviceName() {
    String service = or(told.serviceName, "RUNTRACKER_SERVICE_NAME");
    return service != null ? service : program();
  }

  private int windowRoutes() {
    String variable = "RUNTRACKER_WINDOW_ROUTES";
    Integer told = this.told.windowRoutes;
    Integer routes = told != null ? told : environment.get(variable, Environment::wholeNumber);
    if (routes == null) {
      return WINDOW_ROUTES;
    }
    if (routes < 0 || routes > MOST_WINDOW_ROUTES) {
      throw new IllegalArgumentException(
          (told != null ? "windowRoutes" : variable)
              + ": must be 0 to "
              + MOST_WINDOW_ROUTES
              + ", but is "
              + routes);
    }
    return routes;
  }

  private double windowFailureRatio() {
    String variable = "RUNTRACKER_WINDOW_FAILURE_RATIO";
    Double told = this.told.windowFailureRatio;
    Double ratio = told != null ? told : environment.get(variable, Environment::number);
    if (ratio == null) {
      return WINDOW_FAILURE_RATIO;
    }
    if (!(ratio >= 0 && ratio <= 1)) {
      throw new IllegalArgumentException(
          (told != null ? "windowFailureRatio" : variable) + ": must be 0 to 1, but is " + ratio);
    }
    return ratio;
  }

  private Map<String, String> defaultTags() {
    Map<String, String> tags = new LinkedHashMap<>();
    tags.put("mlflow.user", System.getProperty("user.name", "unknown"));
    tags.put("mlflow.source.name", serviceName());
    tags.put("mlflow.source.type", "LOCAL");
    Map<String, String> context = environment.get("MLFLOW_RUN_CONTEXT", SettingsResolver::tags);
    if (context != null) {
      tags.putAll(context);
    }
    told.tags.forEach(
        (key, value) -> tags.put(Objects.requireNonNull(key), Objects.requireNonNull(value)));
    // It names one run; as the name of all it would only take theirs away.
    tags.remove("mlflow.runName");
    return Collections.unmodifiableMap(tags);
  }

  private static String program() {
    String command = System.getProperty("sun.java.command", "").strip();
    String program = command.isEmpty() ? "java" : command.split("\\s", 2)[0];
    return program.endsWith(".jar") ? program.substring(program.lastIndexOf('/') + 1) : program;
  }

  private static Map<String, String> tags(String json) {
    Map<String, String> tags = new LinkedHashMap<>();
    try {
      JsonElement parsed = JsonParser.parseString(json);
      if (!parsed.isJsonObject()) {
        throw new IllegalArgumentException("must be a JSON object of tags");
      }
      for (Map.Entry<String, JsonElement> tag : parsed.getAsJsonObject().entrySet()) {
        JsonElement value = tag.getValue();
        tags.put(tag.getKey(), value.isJsonPrimitive() ? value.getAsString() : value.toString());
      }
      return tags;
    } catch (JsonParseException e) {
      throw new IllegalArgumentException("must be a JSON object of tags, but is no JSON", e);
    }
  }

  /** A line break in a header would be told by the JVM, but only at the first call. */
  static @Nullable String header(String what, @Nullable String value) {
    if (value != null && !value.matches("[\\x20-\\x7E]+")) {
      throw new IllegalArgumentException(what + " must be printable ASCII characters");
    }
    return value;
  }
}
