// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.sink.SinkException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What fails takes no more than its share, and what fails by chance is not lost. */
@Tag("once")
class FairnessTest {

  @Test
  void what_fails_while_others_pass_never_takes_all_the_places() {
    Set<Integer> seenTogether = ConcurrentHashMap.newKeySet();
    MemorySink slow = new MemorySink();
    Map<String, AtomicInteger> tries = new ConcurrentHashMap<>();
    AtomicInteger knownUnderWay = new AtomicInteger();
    slow.beforeCreate =
        event -> {
          if (event.target().path().equals("/poison")) {
            int tried =
                tries.computeIfAbsent(event.eventId(), id -> new AtomicInteger()).incrementAndGet();
            boolean isKnown = tried > 3; // its first failures say nothing yet
            seenTogether.add(isKnown ? knownUnderWay.incrementAndGet() : 0);
            Thread.sleep(5);
            knownUnderWay.addAndGet(isKnown ? -1 : 0);
            throw new SinkException(SinkException.Kind.UNAUTHORIZED, "told by the test", null);
          }
        };
    try (Tracker tracker = Requests.tracker(slow).trackAs(TrackAs.RUN).build()) {
      for (int i = 0; i < 300; i++) {
        Requests.serve(tracker, i % 10 == 9 ? "/poison" : "/", 1);
      }
      await()
          .atMost(Requests.LONG)
          .until(
              () -> {
                Requests.serve(tracker, "/", 1);
                return tracker.stats().ledger().droppedTotal() == 30;
              });
    }
    // Half of them, by SuspectShareTest, and those beside that failed while nothing passed.
    assertThat(seenTogether).contains(0, 1).doesNotContain(12);
  }

  @Test
  void a_server_that_fails_one_call_in_ten_by_chance_costs_no_request() {
    MemorySink flaky = new MemorySink();
    AtomicInteger calls = new AtomicInteger();
    flaky.beforeCreate =
        event -> {
          if (Math.floorMod(calls.incrementAndGet() * 0x9E3779B9, 10) == 0) {
            throw new SinkException(SinkException.Kind.FAILED, "told by the test", null);
          }
        };
    try (Tracker tracker = Requests.tracker(flaky).trackAs(TrackAs.RUN).build()) {
      Requests.serve(tracker, "/", 2000);
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
    }
    assertThat(flaky.completed()).hasSize(2000);
  }
}
