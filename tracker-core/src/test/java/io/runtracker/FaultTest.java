// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.adapter.OpenRequest;
import io.runtracker.internal.log.FailPoint;
import io.runtracker.sink.SinkException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** No Throwable ends a stage of the line, and none leaks a request. */
@Tag("once")
class FaultTest {

  private static final int REQUESTS = 80;

  /** What is thrown where nobody expects it. */
  enum Fault {
    OUT_OF_MEMORY(() -> new OutOfMemoryError("told by the test")),
    STACK_OVERFLOW(() -> new StackOverflowError("told by the test")),
    LINKAGE(() -> new NoClassDefFoundError("told by the test")),
    RUNTIME(() -> new IllegalStateException("told by the test"));

    final Supplier<Throwable> made;

    Fault(Supplier<Throwable> made) {
      this.made = made;
    }

    void strike() {
      if (made.get() instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) made.get();
    }
  }

  /** One after the other, each twice in a row; the second costs a stage its thread. */
  private static final List<Fault> FAULTS =
      Stream.of(Fault.values()).flatMap(fault -> Stream.of(fault, fault)).toList();

  @TempDir Path directory;

  private final MemoryWindowSink sink = new MemoryWindowSink();

  static List<Arguments> everywhere() {
    List<Arguments> all = new ArrayList<>();
    for (TrackAs trackAs : TrackAs.values()) {
      for (FailPoint point : FailPoint.values()) {
        all.add(Arguments.of(trackAs, point));
      }
    }
    return all;
  }

  /** {@link #REQUESTS}, of which some are refused, some failed, and some have a param. */
  static void serve(Tracker tracker, int from) {
    for (int i = from; i < from + REQUESTS; i++) {
      OpenRequest request = Requests.open(tracker, i % 20 == 7 ? "/refused" : "/" + i);
      if (i % 10 == 3) {
        request.param("n", i);
      }
      request.end(i % 15 == 4 ? 500 : 200, null);
    }
  }

  static void makeTrouble(MemoryWindowSink sink) {
    AtomicInteger creates = new AtomicInteger();
    sink.runs.beforeCreate =
        event -> {
          if (event.target().path().equals("/refused")) {
            throw new SinkException(SinkException.Kind.REFUSED, "refused", null);
          }
        };
    sink.runs.afterCreate =
        event -> {
          if (creates.incrementAndGet() == 2) {
            throw new SinkException(SinkException.Kind.UNKNOWN, "no answer", null);
          }
        };
    AtomicInteger completes = new AtomicInteger();
    sink.beforeComplete =
        window -> {
          if (completes.incrementAndGet() == 1) {
            throw new SinkException(SinkException.Kind.TOO_LARGE, "too large", null);
          }
        };
    sink.refused = event -> event.target().path().equals("/refused");
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("everywhere")
  void a_fault_anywhere_costs_at_most_the_requests_that_it_hit_and_those_are_counted(
      TrackAs trackAs, FailPoint point) {
    makeTrouble(sink);
    AtomicInteger reached = new AtomicInteger();
    AtomicBoolean dies = new AtomicBoolean();
    Tracker tracker =
        Requests.tracker(sink, trackAs, directory)
            .queueSize(400)
            .failPoints(
                here -> {
                  if (here == FailPoint.BEFORE_ROUND && dies.getAndSet(false)) {
                    throw new StackOverflowError("in dealing with a fault");
                  }
                  int time = here == point ? reached.getAndIncrement() : Integer.MAX_VALUE;
                  if (time < FAULTS.size()) {
                    dies.set(time % 2 == 1);
                    FAULTS.get(time).strike();
                  }
                })
            .build();
    try (tracker) {
      serve(tracker, 0);
      serve(tracker, REQUESTS);
      AtomicInteger more = new AtomicInteger(2 * REQUESTS);
      await()
          .atMost(Requests.LONG)
          .pollInterval(Duration.ofMillis(5))
          .untilAsserted(
              () -> {
                Requests.serve(tracker, "/", 5); // others pass
                more.addAndGet(5);
                Ledger ledger = tracker.flush(Duration.ofMillis(50));
                assertThat(ledger.inFlight() + ledger.spooled()).as("%s", ledger).isZero();
              });
      Ledger ledger = tracker.stats().ledger();
      assertThat(ledger.offered()).isEqualTo(more.get());
      assertThat(ledger.delivered() + ledger.droppedTotal()).isEqualTo(more.get());
      assertThat(ledger.dropped().keySet())
          .isSubsetOf(DropReason.REFUSED, DropReason.DELIVERY_FAULT);
      assertThat(MemoryWindowSink.ids(sink.runs.created())).doesNotHaveDuplicates();
      assertThat(written()).doesNotHaveDuplicates().hasSize((int) ledger.delivered());
    }
  }

  /** A run may be completed twice, as it is after a fault right behind it. */
  private List<String> written() {
    Stream<String> runs = MemoryWindowSink.ids(sink.runs.completed()).stream().distinct();
    return Stream.concat(sink.inWindows().stream(), runs).toList();
  }
}
