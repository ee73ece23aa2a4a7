// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.runtracker.adapter.OpenRequest;
import io.runtracker.internal.event.EventCodec;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What a handler logs is bounded from its first tag on, and so is what waits in the ring. */
class RequestBytesTest {

  private static final int ROOM = 8 << 10;

  private final MemorySink sink = new MemorySink();

  private Tracker.Builder tracker() {
    return Requests.tracker(sink).requestBytes(ROOM);
  }

  private RequestEvent delivered(Tracker tracker) {
    assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
    return sink.only();
  }

  @Test
  void what_is_overwritten_makes_room_however_often() {
    try (Tracker tracker = tracker().build()) {
      OpenRequest request = Requests.open(tracker, "/stream").param("first", "stays");
      for (int i = 0; i < 2_000_000; i++) {
        request.tag("progress", Integer.toString(i));
      }
      request.end(200, null);
      RequestEvent event = delivered(tracker);
      assertThat(event.tags()).containsOnly(java.util.Map.entry("progress", "1999999"));
      assertThat(event.params()).containsEntry("first", "stays");
    }
  }

  @Test
  void a_text_that_does_not_fit_is_cut_with_a_mark_and_the_run_says_so() {
    try (Tracker tracker = tracker().build()) {
      Requests.open(tracker, "/").text("t.txt", "x".repeat(1 << 20)).end(200, null);
      RequestEvent event = delivered(tracker);
      assertThat(event.texts().get("t.txt"))
          .hasSizeLessThan(ROOM)
          .startsWith("xxxx")
          .endsWith("[cut from 1048576 characters]");
      assertThat(event.tags()).containsEntry(EventCodec.INCOMPLETE, "size");
    }
  }

  @Test
  void what_has_no_room_at_all_is_left_out_and_the_run_says_so() {
    try (Tracker tracker = tracker().build()) {
      OpenRequest request = Requests.open(tracker, "/");
      for (int i = 0; i < 1_000; i++) {
        request.metric("m" + i, i, 0).param("p" + i, i);
      }
      request.end(200, null);
      RequestEvent event = delivered(tracker);
      assertThat(event.params()).containsEntry("p0", "0").hasSizeLessThan(ROOM / 128);
      assertThat(event.metrics()).hasSizeBetween(10, ROOM / 128);
      assertThat(event.tags()).containsEntry(EventCodec.INCOMPLETE, "size");
    }
  }

  @Test
  void a_full_request_is_as_quick_to_log_into_as_an_empty_one() {
    try (Tracker tracker = tracker().requestBytes(1 << 20).build()) {
      OpenRequest request = Requests.open(tracker, "/training");
      // Were all entries walked each time, this would take hours.
      for (int i = 0; i < 2_000_000; i++) {
        request.metric("loss", i, i);
      }
      request.end(200, null);
      RequestEvent event = delivered(tracker);
      assertThat(event.metrics()).hasSizeGreaterThan(7_000);
      assertThat(event.tags()).containsOnlyKeys(EventCodec.INCOMPLETE);
    }
  }

  @Test
  void the_message_of_an_exception_is_cut_too() {
    try (Tracker tracker = tracker().build()) {
      Requests.open(tracker, "/").end(500, new IllegalStateException("x".repeat(17_000_000)));
      assertThat(delivered(tracker).errorDetails())
          .hasSize(ROOM)
          .endsWith("[cut from 17000000 characters]");
    }
  }

  @Test
  void many_threads_that_log_into_a_full_request_lose_nothing_that_was_there() throws Exception {
    try (Tracker tracker = tracker().build()) {
      OpenRequest request = Requests.open(tracker, "/").param("first", "stays");
      Thread[] threads = new Thread[4];
      for (int i = 0; i < threads.length; i++) {
        int number = i;
        threads[i] =
            new Thread(
                () -> {
                  for (int n = 0; n < 50_000; n++) {
                    request.tag("t" + number, Integer.toString(n));
                  }
                });
        threads[i].start();
      }
      for (Thread thread : threads) {
        thread.join();
      }
      request.end(200, null);
      RequestEvent event = delivered(tracker);
      assertThat(event.params()).containsEntry("first", "stays");
      assertThat(event.tags()).containsOnlyKeys("t0", "t1", "t2", "t3").containsValue("49999");
    }
  }

  /** Its batcher is, as by a disk that hangs. */
  private Tracker trackerThatIsHeldUp(CountDownLatch released) {
    return tracker()
        .requestBytes(1 << 20)
        .ringBytes(4 << 20)
        .naming(
            event -> {
              awaitFor(released);
              return null;
            })
        .build();
  }

  @Test
  void requests_that_together_are_too_heavy_for_the_ring_are_dropped_and_counted() {
    CountDownLatch released = new CountDownLatch(1);
    try (Tracker tracker = trackerThatIsHeldUp(released)) {
      for (int i = 0; i < 50; i++) {
        Requests.open(tracker, "/").text("t.txt", "x".repeat(1 << 19)).end(200, null);
      }
      Requests.serve(tracker, "/light", 50);
      released.countDown();
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.dropped()).containsOnlyKeys(DropReason.RING_FULL);
      assertThat(ledger.dropped().get(DropReason.RING_FULL)).isBetween(41L, 43L);
      assertThat(ledger.delivered()).isEqualTo(100 - ledger.droppedTotal());
      Requests.open(tracker, "/").text("t.txt", "x".repeat(1 << 19)).end(200, null);
      assertThat(tracker.flush(Requests.LONG).delivered()).isEqualTo(ledger.delivered() + 1);
    }
  }

  @Test
  void long_paths_are_heavy_too() {
    CountDownLatch released = new CountDownLatch(1);
    try (Tracker tracker = trackerThatIsHeldUp(released)) {
      Requests.serve(tracker, "/" + "x".repeat(1 << 19), 50);
      released.countDown();
      assertThat(tracker.flush(Requests.LONG).dropped().get(DropReason.RING_FULL))
          .isBetween(41L, 43L);
    }
  }

  private static void awaitFor(CountDownLatch latch) {
    try {
      latch.await(900, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void a_thread_waits_for_bytes_as_it_waits_for_a_slot() {
    try (Tracker tracker =
        tracker().requestBytes(1 << 20).ringBytes(1 << 20).whenFull(WhenFull.BLOCK).build()) {
      for (int i = 0; i < 50; i++) {
        Requests.open(tracker, "/").text("t.txt", "x".repeat(1 << 19)).end(200, null);
      }
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.dropped()).isEmpty();
      assertThat(ledger.delivered()).isEqualTo(50);
    }
  }

  @Test
  void a_bound_that_cannot_be_is_told_when_the_tracker_is_built() {
    for (int bytes : List.of(0, 1023, (4 << 20) + 1)) {
      assertThatThrownBy(() -> tracker().requestBytes(bytes).build())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("requestBytes must be between 1024 and 4194304");
    }
    assertThatThrownBy(() -> tracker().ringBytes(0).build()).hasMessageContaining("ringBytes");
  }

  @Test
  void a_full_ring_is_told_by_the_batcher_and_not_by_the_request_thread() {
    try (Logged logged = Logged.byTheTracker();
        Tracker tracker =
            tracker()
                .ringSize(2)
                .naming(
                    event -> {
                      sleep();
                      return null;
                    })
                .build()) {
      Requests.serve(tracker, "/", 20);
      await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> logged.messages().stream().anyMatch(m -> m.contains("RING_FULL")));
      assertThat(logged.threads()).doesNotContain(Thread.currentThread().getName());
    }
  }

  private static void sleep() {
    try {
      TimeUnit.MILLISECONDS.sleep(20);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
