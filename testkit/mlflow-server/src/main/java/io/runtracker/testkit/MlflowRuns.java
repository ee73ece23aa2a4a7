// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import static java.net.URLEncoder.encode;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Reads what MLflow itself says it recorded, through its REST API, with none of the code under
 * test. Safe for many threads. Every method throws {@link IllegalStateException} with MLflow's own
 * words when it answers anything but 200, and {@link UncheckedIOException} when it does not answer.
 */
public final class MlflowRuns {

  /** An experiment of its own for one test. */
  public record Experiment(String id, String name) {}

  /** One logged value of a metric. */
  public record MetricPoint(double value, Instant timestamp, long step) {}

  private static final int PAGE = 1000;
  private static final Duration TIMEOUT = Duration.ofSeconds(60);
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  private final String base;
  private final @Nullable String authorization;
  private final HttpClient client;

  private MlflowRuns(
      URI uri, @Nullable String user, @Nullable String password, @Nullable Path caCertificate) {
    this.base = uri.toString().replaceAll("/+$", "");
    this.authorization =
        user == null
            ? null
            : "Basic "
                + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(UTF_8));
    HttpClient.Builder builder =
        HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(TIMEOUT);
    if (caCertificate != null) {
      builder.sslContext(Tls.trusting(caCertificate));
    }
    this.client = builder.build();
  }

  /** Reads from this server, with its credentials and its CA where it has them. */
  public static MlflowRuns of(MlflowServer server) {
    return at(
        server.uri(),
        server.username().orElse(null),
        server.password().orElse(null),
        server.caCertificate().orElse(null));
  }

  public static MlflowRuns at(URI uri) {
    return at(uri, null, null, null);
  }

  /** User and password, and the CA of a server behind TLS, are null where there is none. */
  public static MlflowRuns at(
      URI uri, @Nullable String user, @Nullable String password, @Nullable Path caCertificate) {
    return new MlflowRuns(uri, user, password, caCertificate);
  }

  /** Creates an experiment whose name starts like this and was never used before. */
  public Experiment createExperiment(String prefix) {
    String name = prefix + "-" + UUID.randomUUID();
    JsonNode answer = post("experiments/create", JSON.createObjectNode().put("name", name));
    return new Experiment(answer.path("experiment_id").asText(), name);
  }

  /** The id of the experiment with exactly this name. */
  public Optional<String> experimentId(String name) {
    HttpResponse<String> answer =
        send(request("/api/2.0/mlflow/experiments/get-by-name?experiment_name=" + query(name)));
    if (answer.statusCode() == 404) {
      return Optional.empty();
    }
    return Optional.of(parse(answer).path("experiment").path("experiment_id").asText());
  }

  /** Every run of the experiment, in the order of their start, however many pages it takes. */
  public List<RecordedRun> search(String experimentId) {
    return search(experimentId, PAGE);
  }

  List<RecordedRun> search(String experimentId, int pageSize) {
    List<RecordedRun> runs = new ArrayList<>();
    String token = "";
    do {
      ObjectNode question = JSON.createObjectNode().put("max_results", pageSize);
      question.putArray("experiment_ids").add(experimentId);
      question.putArray("order_by").add("attributes.start_time ASC");
      if (!token.isEmpty()) {
        question.put("page_token", token);
      }
      JsonNode answer = post("runs/search", question);
      answer.path("runs").forEach(run -> runs.add(recorded(run)));
      token = answer.path("next_page_token").asText("");
    } while (!token.isEmpty());
    return List.copyOf(runs);
  }

  public RecordedRun run(String runId) {
    return recorded(get("/api/2.0/mlflow/runs/get?run_id=" + query(runId)).path("run"));
  }

  /** Every value that was logged of a metric, in MLflow's order. */
  public List<MetricPoint> metricHistory(String runId, String key) {
    List<MetricPoint> points = new ArrayList<>();
    String token = "";
    do {
      JsonNode answer =
          get(
              "/api/2.0/mlflow/metrics/get-history?run_id="
                  + query(runId)
                  + "&metric_key="
                  + query(key)
                  + "&max_results="
                  + PAGE
                  + (token.isEmpty() ? "" : "&page_token=" + query(token)));
      for (JsonNode metric : answer.path("metrics")) {
        points.add(
            new MetricPoint(
                number(metric.path("value")),
                Instant.ofEpochMilli(metric.path("timestamp").asLong()),
                metric.path("step").asLong()));
      }
      token = answer.path("next_page_token").asText("");
    } while (!token.isEmpty());
    return List.copyOf(points);
  }

  /** The paths of the run's artifacts, those in folders included, sorted. */
  public List<String> artifacts(String runId) {
    List<String> files = new ArrayList<>();
    collectArtifacts(runId, "", files);
    return files.stream().sorted().toList();
  }

  private void collectArtifacts(String runId, String folder, List<String> files) {
    JsonNode answer =
        get(
            "/api/2.0/mlflow/artifacts/list?run_id="
                + query(runId)
                + (folder.isEmpty() ? "" : "&path=" + query(folder)));
    for (JsonNode file : answer.path("files")) {
      String path = file.path("path").asText();
      if (file.path("is_dir").asBoolean()) {
        collectArtifacts(runId, path, files);
      } else {
        files.add(path);
      }
    }
  }

  /** The text of an artifact, from where MLflow's own page reads it. */
  public String artifact(String runId, String path) {
    HttpResponse<String> answer =
        send(request("/get-artifact?run_uuid=" + query(runId) + "&path=" + query(path)));
    requireOk(answer);
    return answer.body();
  }

  private static RecordedRun recorded(JsonNode run) {
    JsonNode info = run.path("info");
    JsonNode data = run.path("data");
    Map<String, Double> metrics = new HashMap<>();
    data.path("metrics")
        .forEach(metric -> metrics.put(metric.path("key").asText(), number(metric.path("value"))));
    long end = info.path("end_time").asLong();
    return new RecordedRun(
        info.path("run_id").asText(),
        info.path("run_name").asText(),
        info.path("status").asText(),
        Instant.ofEpochMilli(info.path("start_time").asLong()),
        end == 0 ? null : Instant.ofEpochMilli(end),
        strings(data.path("tags")),
        strings(data.path("params")),
        metrics,
        info.path("artifact_uri").asText());
  }

  private static Map<String, String> strings(JsonNode pairs) {
    Map<String, String> strings = new HashMap<>();
    pairs.forEach(pair -> strings.put(pair.path("key").asText(), pair.path("value").asText()));
    return strings;
  }

  private static double number(JsonNode value) {
    return value.isTextual() ? Double.parseDouble(value.asText()) : value.asDouble();
  }

  private JsonNode get(String path) {
    return parse(send(request(path)));
  }

  private JsonNode post(String call, ObjectNode body) {
    return parse(
        send(
            request("/api/2.0/mlflow/" + call)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body.toString()))));
  }

  private HttpRequest.Builder request(String path) {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path)).timeout(TIMEOUT);
    if (authorization != null) {
      request.header("Authorization", authorization);
    }
    return request;
  }

  private HttpResponse<String> send(HttpRequest.Builder request) {
    try {
      return client.send(request.build(), BodyHandlers.ofString(UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while MLflow was asked", e);
    }
  }

  private static JsonNode parse(HttpResponse<String> answer) {
    requireOk(answer);
    try {
      return JSON.readTree(answer.body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void requireOk(HttpResponse<String> answer) {
    if (answer.statusCode() != 200) {
      throw new IllegalStateException(
          answer.request().method()
              + " "
              + answer.uri()
              + " answered "
              + answer.statusCode()
              + ": "
              + answer.body());
    }
  }

  private static String query(String value) {
    return encode(value, UTF_8);
  }
}
