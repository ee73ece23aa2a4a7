// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.runtracker.DropReason;
import io.runtracker.internal.stage.Daemon;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** Says over HTTP how the relay is. */
final class StatusServer implements AutoCloseable {

  private final HttpServer server;
  private final ExecutorService threads;
  private final GroupMember member;
  private final PrometheusMeterRegistry metrics =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

  /** Of the last scrape: all meters of one are of the same moment. */
  private volatile Totals totals;

  StatusServer(int port, GroupMember member) throws IOException {
    this.member = member;
    this.totals = Totals.of(member);
    try {
      this.server = HttpServer.create(new InetSocketAddress(port), 0);
    } catch (IOException e) {
      throw new IOException("PORT: " + port + " cannot be used: " + e.getMessage(), e);
    }
    this.threads = Executors.newFixedThreadPool(2, work -> Daemon.of(work, "runtracker-status"));
    server.setExecutor(threads);
    bind();
    answer("/health/live", "text/plain", this::isAlive, () -> "the relay's loop stands still");
    answer(
        "/health/ready", "text/plain", member::isMember, () -> "Kafka has not yet taken the relay");
    answer("/metrics", "text/plain; version=0.0.4", () -> true, this::scrape);
    answer("/ledger", "application/json", () -> true, () -> Totals.of(member).toJson());
  }

  private boolean isAlive() {
    return !member.stage().isStill()
        && member.lines().stream().noneMatch(PartitionLine::isStandingStill);
  }

  private String scrape() {
    totals = Totals.of(member);
    return metrics.scrape();
  }

  private void bind() {
    counter("delivered", "Requests that are in MLflow", Totals::delivered);
    counter("received", "Requests that came from the topic", Totals::received);
    for (DropReason reason : DropReason.values()) {
      if (reason.isAfterAcceptance()) {
        FunctionCounter.builder(
                "runtracker.dropped", this, its -> its.totals.dropped().getOrDefault(reason, 0L))
            .description("Requests lost or set aside")
            .tag("reason", reason.name())
            .register(metrics);
      }
    }
    gauge("partitions", "Partitions that this relay has", all -> all.partitions());
    gauge("partitions.stopped", "Those that it does not read", all -> all.stopped());
    gauge("queue.size", "Requests that are read and not yet delivered", Totals::waiting);
    gauge("lag", "Records that this relay has not read yet", Totals::lag);
    gauge("oldest.age.seconds", "How long ago the oldest of those ended", Totals::oldestSeconds);
    gauge("server.away", "1 while delivery pauses", all -> all.isServerAway() ? 1 : 0);
  }

  private void counter(String name, String what, ToDoubleFunction<Totals> value) {
    FunctionCounter.builder("runtracker." + name, this, its -> value.applyAsDouble(its.totals))
        .description(what)
        .register(metrics);
  }

  private void gauge(String name, String what, ToDoubleFunction<Totals> value) {
    Gauge.builder("runtracker." + name, this, its -> value.applyAsDouble(its.totals))
        .description(what)
        .register(metrics);
  }

  private void answer(String path, String type, Supplier<Boolean> isWell, Supplier<String> body) {
    server.createContext(
        path,
        exchange -> {
          boolean well = isWell.get();
          String text = type.equals("text/plain") && well ? "ok" : body.get();
          send(exchange, well ? 200 : 503, type, text);
        });
  }

  private static void send(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    byte[] body = text.getBytes(UTF_8);
    try (exchange) {
      exchange.getResponseHeaders().add("Content-Type", type);
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  void start() {
    server.start();
  }

  int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
