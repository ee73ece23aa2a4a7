// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.RequestEvent;
import io.runtracker.RequestTarget;
import io.runtracker.internal.config.Settings;
import io.runtracker.internal.config.SettingsReader;
import io.runtracker.internal.config.Told;
import io.runtracker.internal.delivery.Line;
import io.runtracker.internal.delivery.SpoolDirectory;
import io.runtracker.internal.event.EventCodec;
import io.runtracker.internal.event.RecordedEvent;
import io.runtracker.internal.log.FailPoint;
import io.runtracker.internal.log.Group;
import io.runtracker.internal.log.Log;
import io.runtracker.internal.stage.Counts;
import io.runtracker.testkit.FaultProxy;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import io.runtracker.testkit.RecordedRun;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A stretch of windows in less than its time: events with the times of a day are fed to spool and
 * delivery as the batcher would, as fast as a real MLflow server takes them. {@code
 * -Dday.minutes=1440} makes it a whole day.
 */
@Tag("once")
class DayOfWindowsTest {

  private static final int MINUTES = Integer.getInteger("day.minutes", 20);
  private static final int ROWS = Integer.getInteger("day.rows", 1_000);
  private static final int SECONDS_OF_A_WINDOW = 10;
  private static final int WINDOWS = MINUTES * 60 / SECONDS_OF_A_WINDOW;
  private static final long START = Instant.parse("2026-03-01T00:00:00Z").toEpochMilli();
  private static final int GROUP = 500;

  /** Create, two files, metrics, end; a point of the day; and now and then a look at the day. */
  private static final int MOST_CALLS = 7;

  private static final long MOST_GROWTH = 8L << 20;

  private final EventCodec codec = new EventCodec(Long.MAX_VALUE);
  private final AtomicLong accepted = new AtomicLong();
  private final Counts counts = new Counts(accepted::get);
  private final MlflowServer server = MlflowServer.shared();
  private final FaultProxy proxy = FaultProxy.inFrontOf(server.uri());

  @TempDir Path directory;

  @AfterEach
  void close() {
    proxy.close();
  }

  @Test
  void memory_stays_flat_the_spool_empties_and_a_window_takes_few_calls() throws Exception {
    MlflowRuns mlflow = MlflowRuns.of(server);
    MlflowRuns.Experiment experiment = mlflow.createExperiment("day");
    MlflowSink sink =
        MlflowSink.builder()
            .environment(Map.of())
            .trackingUri(proxy.uri().toString())
            .experiment(experiment.name())
            .serviceName("day")
            .build();
    Map<String, String> environment =
        Map.of(
            "RUNTRACKER_SPOOL_DIR",
            directory.toString(),
            "RUNTRACKER_TRACK_AS",
            "WINDOW",
            "RUNTRACKER_WINDOW_ROWS",
            String.valueOf(ROWS),
            "RUNTRACKER_WINDOW_AGE",
            "5m");
    Settings settings = new Settings(new SettingsReader(new Told(), environment), true);
    SpoolDirectory spool = SpoolDirectory.open(directory, settings, FailPoint.NOBODY);
    Log log = Line.logIn(spool, settings, FailPoint.NOBODY);
    Line line =
        Line.of(spool, log, settings, settings.inFlight, sink, "day", counts, FailPoint.NOBODY);
    line.delivery().stage().start();

    long calls = 0;
    long early = 0;
    for (int window = 0; window < WINDOWS; window++) {
      feed(log, line, window);
      await().atMost(Duration.ofMinutes(2)).until(() -> line.log().live() < 5L * ROWS);
      calls += proxy.forgetRequests();
      if (window == WINDOWS / 10) {
        early = usedBytes();
      }
    }
    line.hurry(line.log().end());
    await().atMost(Duration.ofMinutes(5)).until(() -> line.log().live() == 0);
    long growth = usedBytes() - early;
    calls += proxy.forgetRequests();
    line.close();
    sink.flush();
    sink.close();

    Map<String, List<RecordedRun>> runs =
        mlflow.search(experiment.id()).stream()
            .collect(Collectors.groupingBy(run -> run.tags().get("runtracker.kind")));
    System.out.printf(
        "day: %d minutes, %d requests, %d windows, %.2f calls a window, memory grew by %d KiB, %s%n",
        MINUTES,
        accepted.get(),
        runs.get("window").size(),
        (double) calls / WINDOWS,
        growth >> 10,
        counts.ledger());
    assertThat(runs.get("window")).hasSize(WINDOWS);
    assertThat(runs.get("day")).hasSize(1);
    assertThat(mlflow.metricHistory(runs.get("day").get(0).runId(), "all/count"))
        .hasSizeBetween(WINDOWS / 2, WINDOWS) // those that came after a later one share its point
        .satisfies(
            points ->
                assertThat(points.stream().mapToDouble(MlflowRuns.MetricPoint::value).sum())
                    .isEqualTo(WINDOWS * ROWS));
    assertThat(counts.ledger().delivered()).isEqualTo((long) WINDOWS * ROWS);
    assertThat(counts.ledger().spooled()).isZero();
    assertThat((double) calls / WINDOWS).isLessThanOrEqualTo(MOST_CALLS);
    assertThat(growth).isLessThan(MOST_GROWTH);
  }

  private void feed(Log log, Line line, int window) {
    long start = START + TimeUnit.SECONDS.toMillis((long) window * SECONDS_OF_A_WINDOW);
    for (int row = 0; row < ROWS; row += GROUP) {
      Group group = new Group(GROUP, 1024);
      for (int i = row; i < Math.min(row + GROUP, ROWS); i++) {
        long at = start + i * TimeUnit.SECONDS.toMillis(SECONDS_OF_A_WINDOW) / ROWS;
        RequestEvent event =
            RequestEvent.builder("day", accepted.getAndIncrement(), "GET", target("/items/" + i))
                .route("/items/{id}")
                .timing(at, TimeUnit.MICROSECONDS.toNanos(100 + i % 900))
                .build();
        codec.encode(RecordedEvent.of(event), group.out());
        group.endEvent();
      }
      log.append(group);
      line.delivery().appended(group.bytes());
    }
  }

  private static RequestTarget target(String path) {
    return new RequestTarget("http", "localhost", 8080, path, null);
  }

  /** What is in use after the garbage is gone. */
  private static long usedBytes() {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 5; i++) {
      System.gc();
      least = Math.min(least, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
    }
    return least;
  }
}
