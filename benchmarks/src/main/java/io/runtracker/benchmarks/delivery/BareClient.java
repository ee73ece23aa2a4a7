// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.delivery;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The fewest calls a run, from so many threads, and nothing else: what the server can take. Its
 * runs carry what ours carry, so that the server has the same to write.
 */
final class BareClient implements DeliveryRate.Writer {

  private static final String API = "/api/2.0/mlflow/";

  private final ObjectMapper json = new ObjectMapper();
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final URI server;
  private final int threads;
  private final boolean metric;
  private final ExecutorService workers;
  private final AtomicInteger number = new AtomicInteger();

  BareClient(URI server, int threads, boolean metric) {
    this.server = server;
    this.threads = threads;
    this.metric = metric;
    this.workers =
        Executors.newFixedThreadPool(
            threads,
            work -> {
              Thread thread = new Thread(work, "bare-client");
              thread.setDaemon(true);
              return thread;
            });
  }

  @Override
  public void write(int runs) throws Exception {
    AtomicInteger left = new AtomicInteger(runs);
    Callable<Integer> writing =
        () -> {
          int written = 0;
          while (left.getAndDecrement() > 0) {
            writeRun();
            written++;
          }
          return written;
        };
    List<Callable<Integer>> all = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      all.add(writing);
    }
    for (Future<Integer> done : workers.invokeAll(all)) {
      done.get();
    }
  }

  private void writeRun() throws IOException, InterruptedException {
    long now = System.currentTimeMillis();
    JsonNode created = post("runs/create", creation(now));
    String run = created.path("run").path("info").path("run_id").asText();
    if (metric) {
      Map<String, Object> duration =
          Map.of("key", "duration_ms", "value", 1.5, "timestamp", now, "step", 0);
      post("runs/log-batch", Map.of("run_id", run, "metrics", List.of(duration)));
    }
    post("runs/update", Map.of("run_id", run, "status", "FINISHED", "end_time", now));
  }

  private Map<String, Object> creation(long now) {
    return Map.of(
        "experiment_id",
        "0",
        "run_name",
        "GET_" + SampleRequest.PATH + "_" + now / 1000,
        "start_time",
        now,
        "tags",
        List.of(
            tag("http.method", SampleRequest.METHOD),
            tag("http.url", "http://localhost:8080" + SampleRequest.PATH),
            tag("http.route", SampleRequest.ROUTE),
            tag("http.status_code", "200"),
            tag("runtracker.event_id", "bare-" + now + "-" + number.incrementAndGet()),
            tag("mlflow.user", "benchmark"),
            tag("mlflow.source.name", "benchmark"),
            tag("mlflow.source.type", "LOCAL")));
  }

  private static Map<String, String> tag(String key, String value) {
    return Map.of("key", key, "value", value);
  }

  private JsonNode post(String call, Object body) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(server.resolve(API + call))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofByteArray(json.writeValueAsBytes(body)))
            .build();
    HttpResponse<byte[]> response = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
    if (response.statusCode() != 200) {
      throw new IOException(
          call
              + " answered "
              + response.statusCode()
              + ": "
              + new String(response.body(), StandardCharsets.UTF_8));
    }
    return json.readTree(response.body());
  }

  @Override
  public void close() {
    workers.shutdownNow();
  }
}
