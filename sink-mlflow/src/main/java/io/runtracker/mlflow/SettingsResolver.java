// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.SinkSettings.CLIENT_CERTIFICATE;
import static io.runtracker.mlflow.SinkSettings.CONNECT_TIMEOUT;
import static io.runtracker.mlflow.SinkSettings.DURATION_METRIC;
import static io.runtracker.mlflow.SinkSettings.EXPERIMENT;
import static io.runtracker.mlflow.SinkSettings.EXPERIMENT_ID;
import static io.runtracker.mlflow.SinkSettings.INSECURE_TLS;
import static io.runtracker.mlflow.SinkSettings.PARENT_RUN;
import static io.runtracker.mlflow.SinkSettings.REQUEST_TIMEOUT;
import static io.runtracker.mlflow.SinkSettings.RUN_ID;
import static io.runtracker.mlflow.SinkSettings.SERVER_CERTIFICATE;
import static io.runtracker.mlflow.SinkSettings.SERVICE_NAME;
import static io.runtracker.mlflow.SinkSettings.WINDOW_FAILURE_RATIO;
import static io.runtracker.mlflow.SinkSettings.WINDOW_ROUTES;
import static io.runtracker.mlflow.SinkSettings.WORKSPACE;

import io.runtracker.internal.config.SettingsReader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
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

  private final MlflowSink.Builder told;
  private final SettingsReader settings;
  private final Environment environment;

  SettingsResolver(MlflowSink.Builder told) {
    this.told = told;
    this.settings = new SettingsReader(told.told, told.environment);
    this.environment = new Environment(told.environment);
  }

  MlflowSettings resolve() {
    refuseUnsupported();
    boolean insecure = settings.read(INSECURE_TLS);
    Server server = new ServerResolver(told.told, settings, environment, insecure).resolve();
    Duration requestTimeout = settings.read(REQUEST_TIMEOUT);
    Duration connectTimeout = settings.read(CONNECT_TIMEOUT);
    return new MlflowSettings(
        server,
        new ProxyResolver(environment).resolve(address(server)),
        tls(insecure),
        header("the workspace", settings.readIfSet(WORKSPACE)),
        experimentName(),
        settings.read(EXPERIMENT_ID),
        requestTimeout,
        connectTimeout.compareTo(requestTimeout) < 0 ? connectTimeout : requestTimeout,
        defaultTags(),
        parentRun(),
        settings.read(DURATION_METRIC),
        serviceName(),
        environment.get("HOSTNAME"),
        settings.read(WINDOW_ROUTES),
        settings.read(WINDOW_FAILURE_RATIO));
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

  private @Nullable SSLContext tls(boolean insecure) {
    Path trusted = settings.readIfSet(SERVER_CERTIFICATE);
    if (insecure && trusted != null) {
      throw new IllegalArgumentException(
          "MLFLOW_TRACKING_INSECURE_TLS trusts every server, MLFLOW_TRACKING_SERVER_CERT_PATH only"
              + " some: set one of the two");
    }
    return TlsContext.of(insecure, trusted, settings.readIfSet(CLIENT_CERTIFICATE));
  }

  private @Nullable String experimentName() {
    boolean isIdTold = told.told.value(EXPERIMENT_ID) != null;
    if (isIdTold && told.told.value(EXPERIMENT) != null) {
      throw new IllegalArgumentException(
          "an experiment is given by its name or by its id, not by both");
    }
    return isIdTold ? null : settings.readIfSet(EXPERIMENT);
  }

  private @Nullable String parentRun() {
    String id = settings.readIfSet(PARENT_RUN);
    return id != null ? id : settings.readIfSet(RUN_ID);
  }

  private String serviceName() {
    String service = settings.readIfSet(SERVICE_NAME);
    return service != null ? service : program();
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
