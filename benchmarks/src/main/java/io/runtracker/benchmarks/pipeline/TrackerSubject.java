// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.pipeline;

import io.runtracker.Ledger;
import io.runtracker.RequestTarget;
import io.runtracker.TrackAs;
import io.runtracker.TrackedRequest;
import io.runtracker.Tracker;
import io.runtracker.TrackerStats;
import io.runtracker.WhenFull;
import io.runtracker.adapter.OpenRequest;
import io.runtracker.mlflow.MlflowSink;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What an adapter does, without the adapter; behind it is all that a service has. */
final class TrackerSubject implements Subject {

  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final long QUOTA = 32L << 30;

  private final Stub stub;
  private final Setup setup;
  private final Tracker tracker;

  /**
   * How the tracker is set up.
   *
   * @param spool null for one in memory
   * @param windowRows 0 for the default
   * @param outage whether the server refuses everything, until the end
   */
  record Setup(
      TrackAs trackAs, @Nullable Path spool, int windowRows, WhenFull whenFull, boolean outage) {

    static Setup of(Options options) {
      String spool = options.text("spool", "");
      return new Setup(
          TrackAs.valueOf(options.text("mode").toUpperCase(Locale.ROOT)),
          spool.isEmpty() ? null : Path.of(spool),
          (int) options.number("window-rows", 0),
          WhenFull.valueOf(options.text("when-full", "BLOCK")),
          Boolean.parseBoolean(options.text("outage", "false")));
    }

    /** To be run before: as many calls as can be, elsewhere. */
    Setup warmUp(int rows) {
      Path elsewhere = spool == null ? null : spool.resolveSibling(spool.getFileName() + "-before");
      return new Setup(trackAs, elsewhere, rows, WhenFull.BLOCK, outage);
    }

    private Setup of(TrackAs other) {
      return new Setup(other, spool, windowRows, whenFull, outage);
    }
  }

  TrackerSubject(Setup setup, Stub stub) throws Exception {
    this.stub = stub;
    this.setup = setup;
    stub.refuse(setup.outage());
    this.tracker = open(setup, stub);
  }

  static Tracker open(Setup setup, Stub stub) {
    Tracker.Builder builder =
        Tracker.builder()
            .environment(Map.of())
            .sink(
                MlflowSink.builder()
                    .environment(Map.of())
                    .trackingUri(stub.server())
                    .serviceName("benchmark")
                    .build())
            .trackAs(setup.trackAs())
            .autoThreshold(Duration.ofSeconds(1))
            .whenFull(setup.whenFull())
            .lookupDelay(Duration.ZERO) // nobody else writes there
            .spoolQuota(QUOTA)
            .closeTimeout(Duration.ZERO)
            .shutdownHook(false);
    if (setup.spool() != null) {
      builder.spool(setup.spool());
    }
    if (setup.windowRows() > 0) {
      // So that it is the rows that close a window.
      builder.windowRows(setup.windowRows()).windowBytes(2_000L * setup.windowRows());
    }
    return builder.build();
  }

  @Override
  @SuppressWarnings("try") // a scope is there to be closed
  public void request(Sample sample) {
    request(tracker, sample);
  }

  @SuppressWarnings("try")
  static void request(Tracker tracker, Sample sample) {
    RequestTarget target =
        new RequestTarget("http", Sample.HOST, Sample.PORT, sample.path(), sample.query());
    OpenRequest request = Objects.requireNonNull(tracker.open(sample.method(), target));
    try (OpenRequest.Scope scope = request.makeCurrent()) {
      request.route(sample.route());
      if (!sample.params().isEmpty() || sample.text() != null) {
        handle(request, sample);
      }
    }
    request.end(sample.status(), sample.error());
  }

  private static void handle(TrackedRequest request, Sample sample) {
    for (Map.Entry<String, String> param : sample.params()) {
      request.param(param.getKey(), param.getValue());
    }
    for (Map.Entry<String, Double> metric : sample.metrics()) {
      request.metric(metric.getKey(), metric.getValue());
    }
    if (sample.text() != null) {
      request.text("summary.txt", sample.text());
    }
  }

  @Override
  public void flush() {
    if (!setup.outage()) {
      tracker.flush(PATIENCE);
    }
  }

  /** Leaves what is in the spool to somebody else. */
  void abandon() {
    tracker.close(Duration.ZERO);
  }

  @Override
  public Map<String, Object> facts() {
    TrackerStats stats = tracker.stats();
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("waiting", stats.ledger().inFlight() + stats.ledger().spooled());
    facts.put("dropped", stats.ledger().droppedTotal());
    facts.put("writing_windows", stats.writingWindows());
    facts.put("spool_bytes", stats.spoolBytes());
    return facts;
  }

  @Override
  public Map<String, Object> finish() throws Exception {
    Ledger ledger;
    if (setup.outage()) {
      // What was spooled is read back as windows: as runs it would take the server hours.
      tracker.close(Duration.ZERO);
      stub.refuse(false);
      try (Tracker after = open(setup.of(TrackAs.WINDOW), stub)) {
        ledger = after.flush(PATIENCE);
      }
    } else {
      ledger = tracker.flush(PATIENCE);
      tracker.close(Duration.ZERO);
    }
    Map<String, Object> end = new LinkedHashMap<>();
    end.put("offered", ledger.offered());
    end.put("delivered", ledger.delivered());
    end.put("dropped", ledger.dropped());
    return end;
  }
}
