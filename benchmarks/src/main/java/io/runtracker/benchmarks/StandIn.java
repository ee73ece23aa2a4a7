// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.delivery;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Stands in for MLflow and answers at once, so that a client's code is compiled before it is
 * measured. MLflow itself would take minutes for as many runs; without them the compiler takes more
 * of the two cores than the client does, and takes it from the server.
 */
final class Rehearsal implements AutoCloseable {

  private final ObjectMapper json = new ObjectMapper();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpServer server;

  Rehearsal() throws IOException {
    // Or each answer would wait 40 ms for the acknowledgement of its head.
    System.setProperty("sun.net.httpserver.nodelay", "true");
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  private void answer(HttpExchange exchange) throws IOException {
    JsonNode request = json.readTree(exchange.getRequestBody());
    ObjectNode answer = json.createObjectNode();
    if (exchange.getRequestURI().getPath().endsWith("/runs/create")) {
      ObjectNode run = answer.putObject("run");
      describe(run.putObject("info"), UUID.randomUUID().toString().replace("-", ""));
      run.putObject("data").set("tags", request.path("tags"));
      run.putObject("inputs");
    } else if (exchange.getRequestURI().getPath().endsWith("/runs/update")) {
      describe(answer.putObject("run_info"), request.path("run_id").asText());
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
        .put("run_name", "GET_" + SampleRequest.PATH)
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
