// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.adapter.OpenRequest;
import io.runtracker.sink.Sink;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** Trackers and requests as the tests need them. */
public final class Requests {

  static final Duration LONG = Duration.ofSeconds(30);

  private Requests() {}

  /** Pauses short, so that tests are quick; everything else as users have it. */
  static Tracker.Builder tracker(Sink sink) {
    return Tracker.builder()
        .environment(Map.of())
        .sink(sink)
        .retryDelay(Duration.ofMillis(2))
        .maxRetryDelay(Duration.ofMillis(20))
        .lookupDelay(Duration.ofMillis(10));
  }

  /** Small windows and a small queue, so that every form soon does all that it does. */
  static Tracker.Builder tracker(MemoryWindowSink sink, TrackAs trackAs, Path spool) {
    return tracker(sink)
        .spool(spool)
        .trackAs(trackAs)
        .spoolQuota(64 << 20)
        .queueSize(40)
        .windowRows(10)
        .windowAge(Duration.ofMillis(20))
        .closeTimeout(Duration.ZERO);
  }

  public static RequestTarget target(String path) {
    return new RequestTarget("http", "shop.example", 8080, path, null);
  }

  static OpenRequest open(Tracker tracker, String path) {
    OpenRequest request = tracker.open("GET", target(path));
    if (request == null) {
      throw new AssertionError(path + " is not tracked");
    }
    return request;
  }

  static void serve(Tracker tracker, String path, int times) {
    for (int i = 0; i < times; i++) {
      open(tracker, path).end(200, null);
    }
  }

  /**
   * Serves others until so many are dropped: only while others pass is anything set aside.
   *
   * @return how many others there were
   */
  static int serveOthersUntilDropped(Tracker tracker, int dropped) {
    int others =
        serveOthersUntil(tracker, () -> tracker.stats().ledger().droppedTotal() >= dropped);
    tracker.flush(LONG);
    return others;
  }

  /**
   * Serves others until nothing waits.
   *
   * @return how many others there were
   */
  static int serveOthersUntilSettled(Tracker tracker) {
    return serveOthersUntil(
        tracker,
        () -> {
          Ledger ledger = tracker.stats().ledger();
          return ledger.inFlight() + ledger.spooled() == 0;
        });
  }

  private static int serveOthersUntil(Tracker tracker, BooleanSupplier isDone) {
    int others = 0;
    long deadline = System.nanoTime() + LONG.toNanos();
    while (!isDone.getAsBoolean()) {
      serve(tracker, "/other", 1);
      others++;
      tracker.flush(Duration.ofMillis(20));
      if (System.nanoTime() > deadline) {
        throw new AssertionError("not yet so: " + tracker.stats());
      }
    }
    return others;
  }

  static boolean isOurs(Thread thread) {
    return thread.getName().startsWith("runtracker-");
  }

  public static RequestEvent event(long sequence) {
    return RequestEvent.builder("test", sequence, "GET", target("/" + sequence)).build();
  }
}
