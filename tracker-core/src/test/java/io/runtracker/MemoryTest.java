// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.sink.SinkException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a tracker with default settings holds on the heap while the server is away for an hour. */
class MemoryTest {

  private static final long LIMIT_BYTES = 64L << 20;
  private static final int AN_HOUR_AT_2000_A_SECOND = 7_200_000;

  @TempDir Path directory;

  private final MemorySink sink = new MemorySink();

  MemoryTest() {
    sink.beforeCreate =
        event -> {
          throw new SinkException(SinkException.Kind.UNAVAILABLE, "away", null);
        };
  }

  private static void serve(Tracker tracker, int requests) {
    for (int i = 0; i < requests; i++) {
      RequestTarget target =
          new RequestTarget("https", "shop.example", 443, "/api/v1/items/" + i, "page=" + i);
      tracker
          .open("GET", target)
          .route("/api/v1/items/{id}")
          .tag("customer", "c" + i)
          .end(200, null);
    }
  }

  private Tracker.Builder defaults() {
    return Tracker.builder()
        .environment(Map.of())
        .sink(sink)
        .whenFull(WhenFull.BLOCK) // as fast as the batcher goes, with none left out
        .closeTimeout(Duration.ZERO);
  }

  @Test
  void without_a_spool_it_drops_by_policy_and_stays_small() {
    long before = Heap.usedBytes();
    try (Tracker tracker = defaults().build()) {
      serve(tracker, AN_HOUR_AT_2000_A_SECOND);
      assertThat(Heap.usedBytes() - before).isLessThan(LIMIT_BYTES);
      Ledger ledger = tracker.stats().ledger();
      assertThat(ledger.dropped()).containsOnlyKeys(DropReason.QUEUE_FULL);
      assertThat(ledger.inFlight() + ledger.droppedTotal()).isEqualTo(AN_HOUR_AT_2000_A_SECOND);
    }
  }

  @Test
  void with_a_spool_the_backlog_is_on_disk() {
    long before = Heap.usedBytes();
    try (Tracker tracker = defaults().spool(directory).build()) {
      serve(tracker, 1_000_000);
      assertThat(Heap.usedBytes() - before).isLessThan(LIMIT_BYTES);
      assertThat(tracker.stats().ledger().dropped()).isEmpty();
    }
  }
}
