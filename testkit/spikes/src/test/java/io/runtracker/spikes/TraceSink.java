// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spikes;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runtracker.RequestEvent;
import io.runtracker.RunStatus;
import io.runtracker.sink.BatchSink;
import io.runtracker.sink.BatchWriter;
import io.runtracker.sink.RequestBatch;
import io.runtracker.sink.SinkException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes requests as batches of traces over OTLP. MLflow takes a trace that it has already for the
 * same one, so a batch is repeated without a look-up.
 */
final class TraceSink implements BatchSink, BatchWriter {

  private final HttpClient client = HttpClient.newHttpClient();
  private final URI traces;
  private final String experiment;

  TraceSink(URI server, String experiment) {
    this.traces = server.resolve("/v1/traces");
    this.experiment = experiment;
  }

  @Override
  public BatchWriter open(String logId) {
    return this;
  }

  @Override
  public void write(RequestBatch events) throws SinkException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(traces)
            .timeout(Duration.ofSeconds(30))
            .header("Content-Type", "application/x-protobuf")
            .header("x-mlflow-experiment-id", experiment)
            .POST(HttpRequest.BodyPublishers.ofByteArray(batch(events)))
            .build();
    HttpResponse<String> answer;
    try {
      answer = client.send(request, HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new SinkException(SinkException.Kind.UNAVAILABLE, "no answer to a batch: " + e, e);
    }
    if (answer.statusCode() != 200) {
      throw new SinkException(kindOf(answer.statusCode()), answer + ": " + answer.body(), null);
    }
  }

  private static SinkException.Kind kindOf(int status) {
    return switch (status) {
      case 400, 422 -> SinkException.Kind.REFUSED;
      case 401, 403 -> SinkException.Kind.UNAUTHORIZED;
      case 429, 503 -> SinkException.Kind.UNAVAILABLE;
      default -> SinkException.Kind.FAILED;
    };
  }

  /** Sorted by the traces' ids, else two batches that overlap may deadlock in the database. */
  private static byte[] batch(RequestBatch events) throws SinkException {
    Map<String, Protobuf> spans = new TreeMap<>();
    try {
      for (RequestBatch.Entry entry : events.requests()) {
        RequestEvent event = entry.event().decode();
        spans.put(traceId(event), span(event));
      }
    } catch (IOException e) {
      throw new SinkException(SinkException.Kind.REFUSED, "an event cannot be read", e);
    }
    Protobuf scope = new Protobuf();
    spans.values().forEach(span -> scope.message(2, span));
    return new Protobuf().message(1, new Protobuf().message(2, scope)).toBytes();
  }

  static String traceId(RequestEvent event) {
    return java.util.HexFormat.of().formatHex(hash("trace " + event.eventId(), 16));
  }

  private static Protobuf span(RequestEvent event) {
    long start = event.startTime().toEpochMilli() * 1_000_000;
    boolean isFailed = event.status() != RunStatus.FINISHED;
    return new Protobuf()
        .bytes(1, hash("trace " + event.eventId(), 16))
        .bytes(2, hash("span " + event.eventId(), 8))
        .text(5, event.runName())
        .fixed64(7, start)
        .fixed64(8, start + event.durationNanos())
        .message(
            9,
            attribute(
                "mlflow.traceTag.mlflow.traceName", event.method() + " " + event.target().path()))
        .message(9, attribute("mlflow.spanInputs", "{\"request\":\"" + event.method() + "\"}"))
        .message(9, attribute("mlflow.spanOutputs", "{\"status\":" + event.statusCode() + "}"))
        .message(15, new Protobuf().number(3, isFailed ? 2 : 1));
  }

  private static Protobuf attribute(String key, String value) {
    return new Protobuf().text(1, key).message(2, new Protobuf().text(1, value));
  }

  private static byte[] hash(String text, int bytes) {
    try {
      byte[] whole = MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
      return Arrays.copyOf(whole, bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {}
}
