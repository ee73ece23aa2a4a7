// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Writes to MLflow for tests of the reader and the proxy. */
final class RawMlflow {

  private static final Pattern RUN_ID = Pattern.compile("\"run_id\": *\"(\\w+)\"");

  private final URI uri;
  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(60))
          .build();

  RawMlflow(URI uri) {
    this.uri = uri;
  }

  String createRun(String experimentId, String name, long startMillis) {
    String answer =
        post(
            "runs/create",
            """
            {"experiment_id": "%s", "run_name": "%s", "start_time": %d}
            """
                .formatted(experimentId, name, startMillis));
    Matcher id = RUN_ID.matcher(answer);
    if (!id.find()) {
      throw new IllegalStateException("no run id in " + answer);
    }
    return id.group(1);
  }

  String post(String call, String json) {
    return ok(tryPost(call, json));
  }

  HttpResponse<String> tryPost(String call, String json) {
    return send(
        request("/api/2.0/mlflow/" + call)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(json)));
  }

  void putArtifact(String experimentId, String runId, String path, String text) {
    ok(
        send(
            request(
                    "/api/2.0/mlflow-artifacts/artifacts/%s/%s/artifacts/%s"
                        .formatted(experimentId, runId, path))
                .PUT(BodyPublishers.ofString(text))));
  }

  HttpResponse<String> get(String path) {
    return send(request(path));
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(uri.resolve(path)).timeout(Duration.ofSeconds(60));
  }

  HttpResponse<String> send(HttpRequest.Builder request) {
    try {
      return client.send(request.build(), BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static String ok(HttpResponse<String> answer) {
    if (answer.statusCode() != 200) {
      throw new IllegalStateException(answer.statusCode() + ": " + answer.body());
    }
    return answer.body();
  }
}
