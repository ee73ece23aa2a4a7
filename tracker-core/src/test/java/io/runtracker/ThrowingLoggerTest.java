// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** As {@link FaultTest}, where the fault is the logger's: all trackers of a JVM have the same. */
@Tag("once")
class ThrowingLoggerTest {

  @TempDir Path directory;

  private final MemoryWindowSink sink = new MemoryWindowSink();

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("everyLogger")
  void a_logger_that_throws_changes_nothing(TrackAs trackAs, FaultTest.Fault fault) {
    FaultTest.makeTrouble(sink);
    try (Logged logged = Logged.throwing(fault.made::get);
        Tracker tracker = Requests.tracker(sink, trackAs, directory).queueSize(400).build()) {
      sink.unfit =
          event -> {
            if (event.target().path().equals("/refused")) {
              throw new IllegalArgumentException("has no place in a window");
            }
          };
      FaultTest.serve(tracker, 0);
      await()
          .atMost(Requests.LONG)
          .until(
              () -> {
                Requests.serve(tracker, "/", 5);
                Ledger ledger = tracker.flush(Duration.ofMillis(50));
                return ledger.inFlight() + ledger.spooled() == 0;
              });
      assertThat(logged.messages()).isNotEmpty();
      assertThat(tracker.stats().ledger().dropped().keySet()).containsOnly(DropReason.REFUSED);
    }
  }

  static List<Arguments> everyLogger() {
    List<Arguments> all = new ArrayList<>();
    for (TrackAs trackAs : TrackAs.values()) {
      for (FaultTest.Fault fault : FaultTest.Fault.values()) {
        all.add(Arguments.of(trackAs, fault));
      }
    }
    return all;
  }
}
