// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A server that fails calls by chance, whatever is in them. */
@Tag("once")
class ChanceTest {

  private static final int TIMES = Integer.getInteger("chance.times", 2);

  private final Random chance = new Random();

  private synchronized boolean isHit(int percent) {
    return chance.nextInt(100) < percent;
  }

  /** At the end of a burst those are left that failed most, and no other begins to fail. */
  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "{0}, {1} % of {2}")
  @CsvSource({
    "FAILED,50,100", "FAILED,70,100", "FAILED,80,50", "FAILED,90,50", "FAILED,95,30",
    "REFUSED,30,100", "REFUSED,50,100", "REFUSED,70,50", "REFUSED,80,50", "REFUSED,90,30"
  })
  void costs_no_request_of_a_burst(Kind kind, int percent, int requests) {
    for (int i = 0; i < TIMES; i++) {
      MemorySink sink = new MemorySink();
      sink.beforeCreate =
          event -> {
            if (isHit(percent)) {
              throw new SinkException(kind, "told by the test", null);
            }
          };
      try (Tracker tracker =
          Requests.tracker(sink)
              .trackAs(TrackAs.RUN)
              .batchAge(Duration.ofMillis(1))
              .closeTimeout(Duration.ZERO)
              .build()) {
        Requests.serve(tracker, "/", requests);
        Ledger ledger = tracker.flush(Requests.LONG);
        assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
      }
    }
  }
}
