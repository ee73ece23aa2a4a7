// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.spool;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.runtracker.RequestTarget;
import io.runtracker.TrackAs;
import io.runtracker.Tracker;
import io.runtracker.TrackerStats;
import io.runtracker.WhenFull;
import io.runtracker.adapter.OpenRequest;
import io.runtracker.benchmarks.spool.LoadSink.Manner;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * From the end of a request until it is in the spool, at a steady rate of one thread. Prints one
 * line of JSON.
 *
 * <p>Arguments: a {@link Load}, a directory that is not there yet, requests per second, seconds of
 * warm-up, seconds, requests of the backlog. With the load {@code backlog} only the time counts in
 * which there is one: a spool with a backlog is opened again and again until that makes the
 * seconds.
 */
final class CommitTime {

  /** Every so many requests one fails. */
  private static final int FAILS = 33;

  private static final int WARM_UP_BACKLOGS = 2;
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** What the tracker does meanwhile. */
  private enum Load {
    AWAY(TrackAs.RUN, Manner.AWAY),
    WINDOW(TrackAs.WINDOW, Manner.PROMPT),
    AUTO(TrackAs.AUTO, Manner.PROMPT),
    BACKLOG(TrackAs.WINDOW, Manner.PROMPT),
    HANGING(TrackAs.WINDOW, Manner.HANGING);

    private final TrackAs trackAs;
    private final Manner manner;

    Load(TrackAs trackAs, Manner manner) {
      this.trackAs = trackAs;
      this.manner = manner;
    }
  }

  private final Load load;
  private final Path directory;
  private final long intervalNanos;
  private final double warmUpSeconds;
  private final double seconds;
  private final long backlog;
  private final WakeUps wakeUps = new WakeUps();
  private final Map<String, Object> result = new LinkedHashMap<>();

  private CommitTime(String[] args) {
    this.load = Load.valueOf(args[0].toUpperCase(Locale.ROOT));
    this.directory = Path.of(args[1]);
    this.intervalNanos = (long) (1e9 / Double.parseDouble(args[2]));
    this.warmUpSeconds = Double.parseDouble(args[3]);
    this.seconds = Double.parseDouble(args[4]);
    this.backlog = Long.parseLong(args[5]);
  }

  public static void main(String[] args) throws Exception {
    CommitTime time = new CommitTime(args);
    time.measure();
    System.out.println(new ObjectMapper().writeValueAsString(time.result));
  }

  private void measure() throws Exception {
    CommitWatch watch = new CommitWatch();
    if (load == Load.BACKLOG) {
      measureBacklogs(watch);
    } else {
      try (Tracker tracker = tracker(load.manner)) {
        watch.watch(tracker);
        pace(tracker, watch, lasting(warmUpSeconds));
        begin(watch);
        pace(tracker, watch, lasting(seconds));
        end(watch);
        TrackerStats stats = watch.stop(PATIENCE);
        result.put("writing_windows", stats.writingWindows());
        result.put("ledger", stats.ledger());
      }
    }
    watch.report(result);
    wakeUps.report(result);
  }

  private void measureBacklogs(CommitWatch watch) throws Exception {
    long measuredNanos = 0;
    int backlogs = 0;
    while (measuredNanos < seconds * 1e9) {
      fill();
      boolean measured = backlogs++ >= WARM_UP_BACKLOGS;
      try (Tracker tracker = tracker(load.manner)) {
        watch.watch(tracker);
        if (measured) {
          begin(watch);
        }
        long start = System.nanoTime();
        pace(tracker, watch, () -> watch.delivered() < backlog);
        measuredNanos += measured ? System.nanoTime() - start : 0;
        if (measured) {
          end(watch);
        }
        result.put("ledger", watch.stop(PATIENCE).ledger());
        tracker.flush(PATIENCE);
      }
      SpoolRate.delete(directory);
    }
    result.put("backlogs", backlogs - WARM_UP_BACKLOGS);
    result.put("backlog_seconds", measuredNanos / 1e9);
  }

  /** Leaves a backlog in the spool, as fast as it comes. */
  private void fill() {
    try (Tracker tracker = tracker(Manner.AWAY)) {
      for (long i = 0; i < backlog; i++) {
        request(tracker, i, null);
      }
    }
  }

  private Tracker tracker(Manner manner) {
    return Tracker.builder()
        .environment(Map.of())
        .sink(new LoadSink(manner))
        .spool(directory)
        .trackAs(load.trackAs)
        .autoThreshold(Duration.ofSeconds(1))
        .whenFull(WhenFull.BLOCK)
        .closeTimeout(Duration.ZERO)
        .lookupDelay(Duration.ofMillis(1)) // else a backlog waits for what was planned before
        .shutdownHook(false)
        .build();
  }

  private void begin(CommitWatch watch) {
    watch.count(true);
    wakeUps.begin();
    collections(-1);
  }

  private void end(CommitWatch watch) throws InterruptedException {
    watch.count(false);
    wakeUps.end();
    collections(1);
  }

  private static BooleanSupplier lasting(double seconds) {
    long end = System.nanoTime() + (long) (seconds * 1e9);
    return () -> System.nanoTime() - end < 0;
  }

  private void pace(Tracker tracker, CommitWatch watch, BooleanSupplier goesOn) {
    long due = System.nanoTime();
    for (long i = 0; goesOn.getAsBoolean(); i++) {
      for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
      request(tracker, i, watch);
      due += intervalNanos;
    }
  }

  private void request(Tracker tracker, long number, @Nullable CommitWatch watch) {
    boolean fails = load == Load.AUTO && number % FAILS == 0;
    RequestTarget target = new RequestTarget("http", "localhost", 8080, "/items/" + number, null);
    OpenRequest request = Objects.requireNonNull(tracker.open("GET", target));
    request.route("/items/{id}");
    if (watch != null) {
      watch.ends();
    }
    request.end(fails ? 500 : 200, null);
  }

  /** Adds up what the collector took, from a call with -1 to one with 1. */
  private void collections(int sign) {
    for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
      result.merge("collections", sign * collector.getCollectionCount(), CommitTime::sum);
      result.merge("collections_ms", sign * collector.getCollectionTime(), CommitTime::sum);
    }
  }

  private static Object sum(Object one, Object other) {
    return (Long) one + (Long) other;
  }
}
