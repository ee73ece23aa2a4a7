// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.adapter.OpenRequest;
import io.runtracker.internal.log.FailPoint;
import io.runtracker.sink.SinkException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Stops the line at each of its points, in each form, and starts it again from what is on disk. Of
 * what was safe, nothing is missing and nothing is there twice.
 */
@Tag("once")
class FailPointTest {

  /** Of which some are refused, some are not answered, and some are too large. */
  private static final int REQUESTS = 80;

  private static final Set<FailPoint> reached =
      Collections.synchronizedSet(EnumSet.noneOf(FailPoint.class));

  private static final int[] TIMES = {1, 4};

  @TempDir Path directory;

  private final MemoryWindowSink sink = new MemoryWindowSink();
  private final AtomicInteger creates = new AtomicInteger();
  private final AtomicInteger completes = new AtomicInteger();

  static Stream<Arguments> points() {
    List<Arguments> all = new ArrayList<>();
    for (TrackAs trackAs : TrackAs.values()) {
      for (FailPoint point : FailPoint.values()) {
        for (int times : TIMES) {
          all.add(Arguments.of(trackAs, point, times));
        }
      }
    }
    return all.stream();
  }

  @AfterAll
  static void each_point_was_reached() {
    assertThat(reached).containsExactlyInAnyOrder(FailPoint.values());
  }

  /** The first of everything fails in a way of its own, so that every point is on the way. */
  private void makeTrouble() {
    sink.runs.beforeCreate =
        event -> {
          if (creates.incrementAndGet() == 2) {
            throw new SinkException(SinkException.Kind.UNKNOWN, "no answer", null);
          }
          if (event.target().path().equals("/refused")) {
            throw new SinkException(SinkException.Kind.REFUSED, "refused", null);
          }
        };
    sink.runs.afterCreate =
        event -> {
          if (creates.get() == 3) {
            throw new SinkException(SinkException.Kind.UNKNOWN, "no answer", null);
          }
        };
    sink.beforeCreate =
        window -> {
          if (creates.incrementAndGet() == 2) {
            throw new SinkException(SinkException.Kind.UNKNOWN, "no answer", null);
          }
        };
    sink.beforeComplete =
        window -> {
          if (completes.incrementAndGet() == 1) {
            throw new SinkException(SinkException.Kind.TOO_LARGE, "too large", null);
          }
        };
    sink.unfit =
        event -> {
          if (event.target().path().equals("/refused")) {
            throw new IllegalArgumentException("has no place in a window");
          }
        };
  }

  private void serve(Tracker tracker, FailPoint point) {
    boolean isLarge = point.name().endsWith("_CARRY") || point.name().endsWith("_DELETE");
    String text = "x".repeat(isLarge ? 400_000 : 10);
    for (int i = 0; i < REQUESTS; i++) {
      OpenRequest request = Requests.open(tracker, i % 20 == 7 ? "/refused" : "/" + i);
      if (i % 10 == 3 || isLarge) {
        request.param("n", i).text("t.txt", text);
      }
      request.end(i % 15 == 4 ? 500 : 200, null);
    }
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "{0} {1} {2}")
  @MethodSource("points")
  void what_was_safe_when_the_line_stopped_is_written_once(
      TrackAs trackAs, FailPoint point, int times) throws IOException {
    makeTrouble();
    AtomicReference<Tracker> first = new AtomicReference<>();
    StoppedLine line = new StoppedLine(point, times, directory, () -> safe(first.get()));
    Tracker tracker =
        Requests.tracker(sink, trackAs, directory)
            .ringBytes(1 << 30)
            .sink(line.seeing(sink))
            .failPoints(line)
            .build();
    first.set(tracker);
    try {
      serve(tracker, point);
      await()
          .atMost(Requests.LONG)
          .until(
              () -> {
                Requests.serve(tracker, "/other", 1); // only while others pass is any set aside
                return line.left() != null || isSettled(tracker.flush(Duration.ofMillis(20)));
              });
      reached.addAll(line.reached());
      if (line.left() != null) {
        continueFrom(line, trackAs);
      }
    } finally {
      line.release();
      tracker.close();
    }
  }

  private static boolean isSettled(Ledger ledger) {
    return ledger.inFlight() + ledger.spooled() == 0;
  }

  /** None before there is a tracker: stages come round while it is built. */
  private static long safe(Tracker tracker) {
    if (tracker == null) {
      return 0;
    }
    Ledger ledger = tracker.stats().ledger();
    return ledger.accepted() - ledger.inFlight();
  }

  private void continueFrom(StoppedLine line, TrackAs trackAs) {
    try (Tracker second = Requests.tracker(sink, trackAs, line.left()).build()) {
      Requests.serve(second, "/new", 5);
      await()
          .atMost(Requests.LONG)
          .until(
              () -> {
                Requests.serve(second, "/other", 1);
                return isSettled(second.flush(Duration.ofMillis(20)));
              });
      Ledger ledger = second.stats().ledger();
      assertThat(ledger.inFlight() + ledger.spooled()).as("%s %s", ledger, second.stats()).isZero();
      assertThat(ledger.delivered() + ledger.droppedTotal())
          .isGreaterThanOrEqualTo(line.safe() + 5);
      assertThat(ledger.dropped().keySet()).isSubsetOf(DropReason.REFUSED);
      assertThat(sink.written().stream().distinct().count())
          .as("missing or lost count, %s", ledger)
          .isGreaterThanOrEqualTo(ledger.delivered());
    }
    assertThat(MemoryWindowSink.ids(sink.runs.created())).doesNotHaveDuplicates();
    Stream<String> asRuns = MemoryWindowSink.ids(sink.runs.completed()).stream().distinct();
    assertThat(Stream.concat(sink.inWindows().stream(), asRuns)).doesNotHaveDuplicates();
    assertThat(sink.rewritten()).isEmpty();
  }
}
