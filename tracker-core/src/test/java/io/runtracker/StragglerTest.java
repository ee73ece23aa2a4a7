// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.internal.log.FailPoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests that wait for long while others come and go. */
class StragglerTest {

  private static final int ROUNDS = 40;
  private static final int REQUESTS = 100;
  private static final String TEXT = "x".repeat(20_000);

  @TempDir Path directory;

  private final MemorySink sink = new MemorySink();
  private final CountDownLatch mayGoOn = new CountDownLatch(1);

  private Tracker.Builder tracker(long quota) {
    sink.beforeCreate =
        event -> {
          if (event.target().path().equals("/waits")) {
            mayGoOn.await();
          }
        };
    return Requests.tracker(sink)
        .spool(directory)
        .spoolQuota(quota)
        .ringBytes(1 << 30) // all of a round may be in the ring
        .closeTimeout(Duration.ZERO);
  }

  private static void serveMuch(Tracker tracker) {
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < REQUESTS; i++) {
        Requests.open(tracker, "/passes").text("t.txt", TEXT).end(200, null);
      }
      long expected = (round + 1L) * REQUESTS;
      await().atMost(Requests.LONG).until(() -> tracker.stats().ledger().delivered() == expected);
    }
  }

  @Test
  void a_request_that_waits_keeps_no_room_but_its_own() {
    try (Tracker tracker = tracker(32 << 20).build()) {
      Requests.serve(tracker, "/waits", 3);
      serveMuch(tracker); // 80 MB
      assertThat(tracker.stats().ledger().dropped()).isEmpty();
      assertThat(tracker.stats().ledger().spooled()).isEqualTo(3);
      mayGoOn.countDown();
      assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
    }
    assertThat(sink.created()).hasSize(ROUNDS * REQUESTS + 3).doesNotHaveDuplicates();
  }

  @Test
  void the_ledger_is_right_while_segments_are_deleted() {
    AtomicReference<Tracker> tracker = new AtomicReference<>();
    List<Long> inFlight = new CopyOnWriteArrayList<>();
    Consumer<FailPoint> whenDeleting =
        point -> {
          if (point == FailPoint.BEFORE_DELETE) {
            inFlight.add(tracker.get().stats().ledger().inFlight());
          }
        };
    tracker.set(tracker(32 << 20).failPoints(whenDeleting).build());
    try (Tracker open = tracker.get()) {
      Requests.serve(open, "/waits", 1000); // holds up what comes next, until all is in the spool
      for (int i = 0; i < 1000; i++) {
        Requests.open(open, "/passes").text("t.txt", TEXT).end(200, null);
      }
      await().atMost(Requests.LONG).until(() -> open.stats().ledger().spooled() == 2000);
      mayGoOn.countDown();
      assertThat(open.flush(Requests.LONG).isComplete()).isTrue();
    }
    assertThat(inFlight).isNotEmpty().containsOnly(0L);
  }

  @Test
  void in_the_smallest_spool_too() {
    try (Tracker tracker = tracker(8 << 20).build()) {
      Requests.serve(tracker, "/waits", 1);
      serveMuch(tracker);
      assertThat(tracker.stats().ledger().dropped()).isEmpty();
      mayGoOn.countDown();
      assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
    }
  }
}
