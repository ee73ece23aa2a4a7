// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Answers as an MLflow server does that takes everything, and remembers what came. */
public final class MlflowStub implements AutoCloseable {

  private static final Pattern SOURCE =
      Pattern.compile("\"mlflow\\.source\\.name\",\\s*\"value\":\\s*\"([^\"]*)\"");

  private final List<String> calls = new CopyOnWriteArrayList<>();
  private final HttpServer server;

  /** On a free port of this machine. */
  public MlflowStub() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
  }

  /** What {@code MLFLOW_TRACKING_URI} is to be. */
  public String address() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** Path and body of each call. */
  public List<String> calls() {
    return calls;
  }

  /** The tag {@code mlflow.source.name} of the runs that were created, each once. */
  public Set<String> sources() {
    Set<String> sources = new TreeSet<>();
    for (String call : calls) {
      Matcher source = SOURCE.matcher(call);
      if (source.find()) {
        sources.add(source.group(1));
      }
    }
    return sources;
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
