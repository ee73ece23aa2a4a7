// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Answers as MLflow does, and as a collector of OTLP does, and counts what it was given: a request
 * is there when the run that holds it has ended. Prints where it is, and ends with its standard
 * input.
 *
 * <p>Argument: milliseconds that the end of a single request's run takes. Told to refuse, it
 * answers 503 to everything; that and the counts are at {@code /control}.
 */
final class StubServer {

  private static final String FILE = "/requests.jsonl";

  private final ObjectMapper json = new ObjectMapper();
  private final long runMillis;
  private final Map<String, Run> runs = new ConcurrentHashMap<>();
  private final Recorded recorded = new Recorded();
  private final LongAdder ended = new LongAdder();
  private final LongAdder windows = new LongAdder();
  private final LongAdder spans = new LongAdder();
  private final LongAdder calls = new LongAdder();
  private final LongAdder refused = new LongAdder();
  private final LongAdder bytes = new LongAdder();
  private volatile boolean refusing;

  /** One that has not ended. */
  private static final class Run {
    private final String kind;
    private final String eventId;
    private volatile byte @Nullable [] rows;

    Run(String kind, String eventId) {
      this.kind = kind;
      this.eventId = eventId;
    }
  }

  private StubServer(long runMillis) {
    this.runMillis = runMillis;
  }

  public static void main(String[] args) throws IOException {
    // Or each answer would wait 40 ms for the acknowledgement of its head.
    System.setProperty("sun.net.httpserver.nodelay", "true");
    StubServer stub = new StubServer(Long.parseLong(args[0]));
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newCachedThreadPool());
    server.createContext("/", stub::answer);
    server.createContext("/control", stub::control);
    server.start();
    System.out.println("http://127.0.0.1:" + server.getAddress().getPort());
    while (System.in.read() >= 0) {
      // nothing is said, until the end
    }
    System.exit(0);
  }

  private void control(HttpExchange exchange) throws IOException {
    String query = exchange.getRequestURI().getQuery();
    if (query != null) {
      refusing = query.equals("refuse=true");
    }
    ObjectNode counts = json.createObjectNode();
    counts
        .put("requests", recorded.requests())
        .put("twice", recorded.twice())
        .put("missing", recorded.missing())
        .put("runs", ended.sum())
        .put("windows", windows.sum())
        .put("unended", runs.values().stream().filter(run -> !run.kind.equals("day")).count())
        .put("spans", spans.sum())
        .put("calls", calls.sum())
        .put("refused", refused.sum())
        .put("bytes", bytes.sum());
    reply(exchange, 200, "application/json", json.writeValueAsBytes(counts));
  }

  private void answer(HttpExchange exchange) throws IOException {
    if (refusing) {
      refused.increment();
      exchange.getRequestBody().transferTo(OutputStream.nullOutputStream());
      reply(exchange, 503, "application/json", new byte[] {'{', '}'});
      return;
    }
    try {
      byte[] body = exchange.getRequestBody().readAllBytes();
      calls.increment();
      bytes.add(body.length);
      String path = exchange.getRequestURI().getPath();
      if (path.endsWith("/v1/traces")) {
        spans.add(OtlpSpans.count(body));
        reply(exchange, 200, "application/x-protobuf", new byte[0]);
      } else {
        ObjectNode answer = json.createObjectNode();
        take(exchange, path, body, answer);
        reply(exchange, 200, "application/json", json.writeValueAsBytes(answer));
      }
    } catch (IOException | RuntimeException e) {
      e.printStackTrace(); // the benchmark shows it, and what is missing
      reply(exchange, 400, "application/json", new byte[] {'{', '}'});
    }
  }

  private void take(HttpExchange exchange, String path, byte[] body, ObjectNode answer)
      throws IOException {
    if (path.endsWith("/runs/create")) {
      JsonNode request = json.readTree(body);
      String runId = UUID.randomUUID().toString().replace("-", "");
      runs.put(
          runId, new Run(tag(request, "runtracker.kind"), tag(request, "runtracker.event_id")));
      describe(answer.putObject("run").putObject("info"), runId);
    } else if (path.endsWith("/runs/update")) {
      String runId = json.readTree(body).path("run_id").asText();
      end(runId);
      describe(answer.putObject("run_info"), runId);
    } else if (path.endsWith("/runs/get")) {
      String query = exchange.getRequestURI().getQuery();
      describe(answer.putObject("run").putObject("info"), query.substring(query.indexOf('=') + 1));
    } else if (path.endsWith(FILE)) {
      String[] parts = path.split("/", -1);
      Run run = runs.get(parts[parts.length - 3]); // .../<run>/artifacts/<file>
      if (run != null) {
        run.rows = body;
      }
    }
  }

  private static String tag(JsonNode request, String key) {
    for (JsonNode tag : request.path("tags")) {
      if (tag.path("key").asText().equals(key)) {
        return tag.path("value").asText();
      }
    }
    return "";
  }

  private void end(String runId) {
    Run run = runs.get(runId);
    if (run == null || run.kind.equals("day")) {
      return; // the end of a day's run moves; that of another may be told twice
    }
    byte[] rows = run.rows;
    if (run.kind.equals("window")) {
      if (rows == null) {
        throw new IllegalStateException("a window ends without its file");
      }
      WindowRows.addTo(recorded, rows);
      windows.increment();
    } else {
      sleep();
      recorded.add(run.eventId);
      ended.increment();
    }
    runs.remove(runId);
  }

  private void sleep() {
    try {
      TimeUnit.MILLISECONDS.sleep(runMillis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void describe(ObjectNode info, String runId) {
    info.put("run_id", runId)
        .put("experiment_id", "0")
        .put("status", "FINISHED")
        .put("lifecycle_stage", "active")
        .put("artifact_uri", "mlflow-artifacts:/0/" + runId + "/artifacts");
  }

  private static void reply(HttpExchange exchange, int status, String type, byte[] body)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    if (body.length > 0) {
      exchange.getResponseBody().write(body);
    }
    exchange.close();
  }
}
