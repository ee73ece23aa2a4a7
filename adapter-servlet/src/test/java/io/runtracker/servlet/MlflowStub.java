// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Answers as an MLflow server does that takes everything, and remembers what came. */
final class MlflowStub implements AutoCloseable {

  private final List<String> calls = new CopyOnWriteArrayList<>();
  private final HttpServer server;

  MlflowStub() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
  }

  String address() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** Path and body of each call. */
  List<String> calls() {
    return calls;
  }

  private void answer(HttpExchange exchange) {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      byte[] body = exchange.getRequestBody().readAllBytes();
      calls.add(path + " " + new String(body, StandardCharsets.UTF_8));
      byte[] answer =
          (path.contains("experiments/")
                  ? "{\"experiment\":{\"experiment_id\":\"1\",\"name\":\"e\",\"lifecycle_stage\":\"active\"}}"
                  : "{\"run\":{\"info\":{\"run_id\":\"r1\",\"experiment_id\":\"1\"}},\"runs\":[]}")
              .getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().add("Content-Type", "application/json");
      exchange.sendResponseHeaders(200, answer.length);
      exchange.getResponseBody().write(answer);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
