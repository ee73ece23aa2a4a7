// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Runs that fail while windows pass, as where a firewall refuses a tag of runs. */
@Tag("once")
class BadRunTest {

  private static final String SPECIAL = "/special";
  private static final String BAD = "/bad";
  private static final int SPECIALS = 20;

  @TempDir Path directory;

  private final MemoryWindowSink sink = new MemoryWindowSink();
  private final AtomicBoolean isWell = new AtomicBoolean(true);
  private final AtomicInteger failures = new AtomicInteger();

  private Tracker tracker(boolean withSpool) {
    Tracker.Builder builder = builder().queueSize(400);
    return (withSpool ? builder.spool(directory) : builder).build();
  }

  private Tracker.Builder builder() {
    return Requests.tracker(sink)
        .trackAs(TrackAs.AUTO)
        .batchAge(Duration.ofMillis(1))
        .windowRows(50)
        .windowAge(Duration.ofMillis(10))
        .closeTimeout(Duration.ZERO);
  }

  private void fail(Kind kind) throws SinkException {
    failures.incrementAndGet();
    throw new SinkException(kind, "told by the test", null);
  }

  /** Serves until windows are written, and pass. */
  private void awaitWindows(Tracker tracker) {
    await()
        .atMost(Requests.LONG)
        .until(
            () -> {
              Ledger ledger = tracker.stats().ledger();
              Requests.serve(tracker, "/", ledger.inFlight() + ledger.spooled() < 150 ? 200 : 0);
              return tracker.stats().writingWindows() && !sink.windows().isEmpty();
            });
    tracker.flush(Duration.ofSeconds(2)); // so that there is room
  }

  private static void serveSpecial(Tracker tracker, String path) {
    Requests.open(tracker, path).end(500, null);
  }

  /** Others pass in windows meanwhile. */
  private static void serveUntil(Tracker tracker, BooleanSupplier isOver) {
    await()
        .atMost(Requests.LONG)
        .pollInterval(Duration.ofMillis(2))
        .until(
            () -> {
              Requests.serve(tracker, "/", 2);
              tracker.flush(Duration.ofMillis(5));
              return isOver.getAsBoolean();
            });
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "{0}, spool: {1}")
  @CsvSource({
    "REFUSED,false",
    "REFUSED,true",
    "UNAUTHORIZED,false",
    "UNAUTHORIZED,true",
    "FAILED,false",
    "FAILED,true",
    "UNKNOWN,false",
    "TOO_LARGE,true"
  })
  void where_all_runs_fail_and_windows_pass_nothing_is_set_aside_and_runs_wait(
      Kind kind, boolean withSpool) {
    sink.runs.beforeCreate =
        event -> {
          if (!isWell.get()) {
            fail(kind);
          }
        };
    try (Tracker tracker = tracker(withSpool)) {
      awaitWindows(tracker);
      isWell.set(false);
      for (int i = 0; i < SPECIALS; i++) {
        serveSpecial(tracker, SPECIAL);
      }
      serveUntil(tracker, () -> failures.get() > 5 * SPECIALS);
      assertThat(tracker.stats().ledger().dropped()).isEmpty();
      isWell.set(true);
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
      assertThat(sink.written()).doesNotHaveDuplicates().hasSize((int) ledger.delivered());
    }
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"REFUSED", "UNAUTHORIZED", "FAILED", "UNKNOWN", "TOO_LARGE"})
  void where_one_fails_and_no_other_run_is_there_to_tell_an_ordinary_request_gets_one(Kind kind) {
    sink.runs.beforeCreate =
        event -> {
          if (event.target().path().equals(BAD)) {
            fail(kind);
          }
        };
    try (Tracker tracker = tracker(false)) {
      awaitWindows(tracker);
      serveSpecial(tracker, BAD);
      serveUntil(tracker, () -> tracker.stats().ledger().droppedTotal() > 0);
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.dropped()).isEqualTo(Map.of(DropReason.REFUSED, 1L));
      assertThat(failures.get()).isBetween(2, 10);
    }
  }

  @Test
  @Tag("once") // it takes some seconds
  void where_very_many_runs_fail_further_requests_go_into_windows() {
    Set<String> tried = ConcurrentHashMap.newKeySet();
    sink.runs.beforeCreate =
        event -> {
          if (!isWell.get()) {
            tried.add(event.eventId());
            fail(Kind.REFUSED);
          }
        };
    int most = 32_768 + 1_024; // those that wait for others to pass, and for their first try
    int served = 36_000;
    try (Tracker tracker =
        builder()
            .spool(directory)
            .queueSize(1_000_000) // which is never crowded
            .autoThreshold(Duration.ofMillis(1))
            .build()) {
      awaitWindows(tracker);
      isWell.set(false);
      for (int begun = 0; begun < served; begun += 500) {
        for (int i = 0; i < 500; i++) {
          serveSpecial(tracker, SPECIAL);
        }
        int all = begun + 500;
        serveUntil(tracker, () -> tried.size() + specialsInWindows() >= all);
      }
      serveUntil(tracker, () -> specialsInWindows() >= served - most);
      assertThat(tracker.stats().ledger().dropped()).isEmpty();
    }
  }

  private long specialsInWindows() {
    return sink.windows().stream()
        .flatMap(window -> window.events().stream())
        .filter(event -> event.target().path().equals(SPECIAL))
        .count();
  }
}
