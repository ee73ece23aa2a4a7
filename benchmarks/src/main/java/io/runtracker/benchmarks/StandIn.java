// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Answers every call at once as MLflow does, and keeps nothing. For what MLflow itself would take
 * too long for, or too much of the cores that something else is measured on.
 */
public final class StandIn implements AutoCloseable {

  private final ObjectMapper json = new ObjectMapper();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpServer server;

  /** On a port of its own at 127.0.0.1, until it is closed. */
  public StandIn() throws IOException {
    // Or each answer would wait 40 ms for the acknowledgement of its head.
    System.setProperty("sun.net.httpserver.nodelay", "true");
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  /** Prints where it is, and ends with its standard input. */
  public static void main(String[] args) throws IOException {
    try (StandIn standIn = new StandIn()) {
      System.out.println(standIn.uri());
      while (System.in.read() >= 0) {
        // nothing is said, until the end
      }
    }
  }

  /** The tracking URI. */
  public URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  private void answer(HttpExchange exchange) throws IOException {
    ObjectNode answer = json.createObjectNode();
    String path = exchange.getRequestURI().getPath();
    if (path.endsWith("/runs/create")) {
      JsonNode request = json.readTree(exchange.getRequestBody());
      ObjectNode run = answer.putObject("run");
      describe(run.putObject("info"), UUID.randomUUID().toString().replace("-", ""));
      run.putObject("data").set("tags", request.path("tags"));
      run.putObject("inputs");
    } else if (path.endsWith("/runs/update")) {
      JsonNode request = json.readTree(exchange.getRequestBody());
      describe(answer.putObject("run_info"), request.path("run_id").asText());
    } else {
      exchange.getRequestBody().transferTo(OutputStream.nullOutputStream());
    }
    byte[] body = json.writerWithDefaultPrettyPrinter().writeValueAsBytes(answer);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private static void describe(ObjectNode info, String runId) {
    info.put("run_uuid", runId)
        .put("run_id", runId)
        .put("run_name", "GET_/items/42")
        .put("experiment_id", "0")
        .put("user_id", "")
        .put("status", "FINISHED")
        .put("start_time", System.currentTimeMillis())
        .put("end_time", System.currentTimeMillis())
        .put("lifecycle_stage", "active")
        .put("artifact_uri", "mlflow-artifacts:/0/" + runId + "/artifacts");
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
