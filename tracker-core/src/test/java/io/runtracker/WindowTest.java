// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.runtracker.adapter.OpenRequest;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.SinkException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WindowTest {

  /** Slower than what is served comes out of the ring, which is not seen in the queue before. */
  private static final Duration PACE = Duration.ofMillis(100);

  private final MemoryWindowSink sink = new MemoryWindowSink();

  private Tracker.Builder windows() {
    return Requests.tracker(sink).trackAs(TrackAs.WINDOW).windowAge(Duration.ofHours(1));
  }

  private static SinkException unavailable() {
    return new SinkException(SinkException.Kind.UNAVAILABLE, "away", null);
  }

  @Test
  void every_request_is_a_row_of_one_window() {
    try (Tracker tracker = windows().build()) {
      Requests.serve(tracker, "/", 1000);
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
      assertThat(sink.inWindows()).hasSize(1000).doesNotHaveDuplicates();
      assertThat(sink.runs.completed()).isEmpty();
    }
  }

  @Test
  void a_window_whose_run_somebody_deletes_is_created_again_and_windows_go_on() {
    AtomicBoolean isDeleted = new AtomicBoolean();
    sink.beforeComplete =
        window -> {
          if (isDeleted.compareAndSet(false, true)) {
            throw new SinkException(SinkException.Kind.GONE, "told by the test", null);
          }
        };
    try (Tracker tracker = windows().build()) {
      Requests.serve(tracker, "/", 30);
      assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
      assertThat(sink.created()).hasSize(2);
      Requests.serve(tracker, "/", 30);
      tracker.flush(Requests.LONG);
      assertThat(sink.inWindows()).hasSize(60).doesNotHaveDuplicates();
    }
  }

  @Test
  void ten_failures_on_one_window_do_not_end_windows() {
    AtomicInteger failures = new AtomicInteger();
    sink.beforeComplete =
        window -> {
          if (failures.incrementAndGet() <= 10) {
            throw new SinkException(SinkException.Kind.FAILED, "500", null);
          }
        };
    try (Tracker tracker = windows().build()) {
      Requests.serve(tracker, "/", 30);
      assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
      Requests.serve(tracker, "/", 30);
      tracker.flush(Requests.LONG);
      assertThat(sink.inWindows()).hasSize(60).doesNotHaveDuplicates();
    }
  }

  @Test
  void a_window_closes_when_it_has_its_rows() {
    try (Tracker tracker = windows().windowRows(100).build()) {
      Requests.serve(tracker, "/", 250);
      await().until(() -> sink.windows().size() == 2);
      tracker.flush(Requests.LONG);
      assertThat(sink.windows())
          .extracting(window -> window.events().size())
          .containsExactlyInAnyOrder(100, 100, 50);
    }
  }

  @Test
  void a_window_closes_when_it_has_its_bytes() {
    long bytes = 10L * Encoded.of(Requests.event(1)).length();
    try (Tracker tracker = windows().windowBytes(bytes).build()) {
      Requests.serve(tracker, "/", 100);
      await().until(() -> sink.windows().size() >= 5);
      assertThat(sink.windows())
          .allSatisfy(
              window -> {
                int rows = window.events().size();
                long butLast =
                    window.events().subList(0, rows - 1).stream()
                        .mapToLong(event -> Encoded.of(event).length())
                        .sum();
                assertThat(butLast).isLessThan(bytes);
              });
    }
  }

  @Test
  void a_window_closes_when_its_time_has_come() {
    try (Tracker tracker = windows().windowAge(Duration.ofMillis(50)).build()) {
      Requests.serve(tracker, "/", 3);
      await().until(() -> sink.inWindows().size() == 3);
    }
  }

  @Test
  void a_window_spans_its_requests() {
    try (Tracker tracker = windows().build()) {
      Requests.serve(tracker, "/", 10);
      tracker.flush(Requests.LONG);
      RequestWindow window = sink.windows().get(0).window();
      List<RequestEvent> events = sink.windows().get(0).events();
      assertThat(window.size()).isEqualTo(events.size());
      assertThat(events)
          .allSatisfy(
              event ->
                  assertThat(event.startTime()).isBetween(window.startTime(), window.endTime()));
      assertThat(window.startTime()).isEqualTo(events.get(0).startTime());
    }
  }

  @Test
  void a_window_says_what_was_lost_since_the_one_before() throws Exception {
    CountDownLatch mayGoOn = new CountDownLatch(1);
    sink.beforeCreate = window -> mayGoOn.await();
    try (Tracker tracker = windows().queueSize(4).build()) {
      Requests.serve(tracker, "/", 100);
      await().until(() -> tracker.stats().ledger().droppedTotal() == 96);
      mayGoOn.countDown();
      tracker.flush(Requests.LONG);
      Requests.serve(tracker, "/", 1);
      tracker.flush(Requests.LONG);
      Requests.serve(tracker, "/", 1);
      tracker.flush(Requests.LONG);
      List<RequestWindow> windows =
          sink.windows().stream().map(MemoryWindowSink.Written::window).toList();
      long told =
          windows.stream()
              .mapToLong(window -> window.dropped().getOrDefault(DropReason.QUEUE_FULL, 0L))
              .sum();
      assertThat(told).isEqualTo(96);
      assertThat(windows.get(windows.size() - 1).dropped()).isEmpty();
    }
  }

  @Test
  void a_window_that_failed_is_sent_again_with_the_same_requests() {
    AtomicBoolean once = new AtomicBoolean();
    sink.afterComplete =
        window -> {
          if (once.compareAndSet(false, true)) {
            throw unavailable();
          }
        };
    try (Tracker tracker = windows().build()) {
      Requests.serve(tracker, "/", 100);
      assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
      assertThat(sink.created()).hasSize(1);
      assertThat(sink.rewritten()).isEmpty();
    }
  }

  @Test
  void a_window_whose_create_was_not_answered_is_looked_up_and_not_created_again() {
    AtomicBoolean once = new AtomicBoolean();
    sink.afterCreate =
        window -> {
          if (once.compareAndSet(false, true)) {
            throw new SinkException(SinkException.Kind.UNKNOWN, "cut", null);
          }
        };
    try (Tracker tracker = windows().build()) {
      Requests.serve(tracker, "/", 100);
      assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
      assertThat(sink.created()).hasSize(1);
    }
  }

  @Test
  void while_every_window_is_refused_none_is_set_aside(@TempDir Path directory) {
    AtomicInteger refused = new AtomicInteger();
    sink.beforeCreate =
        window -> {
          refused.incrementAndGet();
          throw new SinkException(SinkException.Kind.REFUSED, "no", null);
        };
    try (Tracker tracker = windows().spool(directory).build()) {
      Requests.serve(tracker, "/", 20);
      tracker.flush(Duration.ofMillis(500));
      await().until(() -> refused.get() > 12);
      assertThat(tracker.stats().ledger().dropped()).isEmpty();
      sink.isWellAgain();
      assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
    }
    assertThat(sink.written()).hasSize(20).doesNotHaveDuplicates();
  }

  @Test
  void windows_for_a_sink_that_takes_none_are_refused_when_building() {
    assertThatThrownBy(() -> Requests.tracker(new MemorySink()).trackAs(TrackAs.WINDOW).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("trackAs")
        .hasMessageContaining("MemorySink");
  }

  @Test
  void auto_writes_runs_while_the_sink_keeps_up() {
    try (Tracker tracker = Requests.tracker(sink).build()) {
      Requests.serve(tracker, "/", 200);
      assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
      assertThat(sink.runs.completed()).hasSize(200);
      assertThat(sink.windows()).isEmpty();
    }
  }

  @Test
  void auto_writes_windows_when_runs_do_not_keep_up_and_runs_for_what_is_special() {
    CountDownLatch mayGoOn = new CountDownLatch(1);
    sink.runs.beforeCreate = event -> mayGoOn.await();
    List<String> special = new ArrayList<>();
    try (Tracker tracker =
        Requests.tracker(sink).queueSize(1000).slowThreshold(Duration.ofMillis(5)).build()) {
      Requests.serve(tracker, "/plain", 12);
      await().until(() -> sink.runs.createCalls.get() == 12);
      Requests.serve(tracker, "/plain", 236);
      await().until(() -> tracker.stats().queueSize() == 248);
      for (int i = 0; i < 10; i++) {
        Requests.open(tracker, "/special").end(503, null);
        Requests.open(tracker, "/special").end(200, new IllegalStateException("boom"));
        Requests.open(tracker, "/special").param("k", "v").end(200, null);
        Requests.open(tracker, "/special").name("mine").end(200, null);
      }
      OpenRequest slow = Requests.open(tracker, "/special");
      await().pollDelay(Duration.ofMillis(6)).until(() -> true);
      slow.end(200, null);
      await().until(() -> tracker.stats().writingWindows());
      mayGoOn.countDown();
      assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
    }
    for (RequestEvent event : sink.runs.completed()) {
      if (event.target().path().equals("/special")) {
        special.add(event.eventId());
      }
    }
    assertThat(special).hasSize(41);
    assertThat(sink.inWindows()).hasSizeGreaterThan(200).doesNotContainAnyElementsOf(special);
    assertThat(sink.written()).hasSize(289).doesNotHaveDuplicates();
  }

  @Test
  void auto_writes_windows_once_the_oldest_request_waits_too_long_though_the_queue_has_room() {
    sink.runs.beforeCreate = event -> TimeUnit.MILLISECONDS.sleep(100); // 120 a second
    try (Tracker tracker =
        Requests.tracker(sink)
            .queueSize(100_000)
            .autoThreshold(Duration.ofSeconds(1))
            .windowAge(Duration.ofMillis(50))
            .build()) {
      Requests.serve(tracker, "/", 1_000);
      await().until(() -> !sink.windows().isEmpty());
      assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
      assertThat(sink.written()).hasSize(1_000).doesNotHaveDuplicates();
    }
  }

  @Test
  void what_is_recorded_of_every_request_does_not_keep_it_out_of_windows() {
    CountDownLatch mayGoOn = new CountDownLatch(1);
    sink.runs.beforeCreate = event -> mayGoOn.await();
    try (Tracker tracker =
        Requests.tracker(sink)
            .queueSize(1000)
            .naming(event -> "named by function")
            .customizer(request -> request.tag("of", "every request"))
            .build()) {
      Requests.serve(tracker, "/", 12); // all that is written at a time: nothing is taken after it
      await().until(() -> sink.runs.createCalls.get() == 12);
      Requests.serve(tracker, "/", 600);
      await().until(() -> tracker.stats().writingWindows());
      mayGoOn.countDown();
      assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
      assertThat(sink.inWindows()).hasSizeGreaterThan(300);
    }
  }

  @Test
  void auto_puts_even_what_is_special_into_windows_before_it_loses_any() {
    sink.runs.beforeCreate = event -> TimeUnit.MILLISECONDS.sleep(100); // 120 a second
    try (Tracker tracker =
        Requests.tracker(sink).queueSize(1000).closeTimeout(Duration.ZERO).build()) {
      for (int sent = 0; sent < 5000; sent += 100) {
        for (int i = 0; i < 100; i++) {
          Requests.open(tracker, "/fail").end(503, null);
        }
        await().pollDelay(PACE).until(() -> tracker.stats().queueSize() < 900);
      }
      assertThat(tracker.stats().ledger().dropped()).isEmpty();
      assertThat(sink.inWindows()).hasSizeGreaterThan(2000);
    }
  }

  @Test
  void runs_that_never_end_do_not_hold_up_windows() {
    CountDownLatch never = new CountDownLatch(1);
    sink.runs.beforeCreate = event -> never.await();
    try (Tracker tracker =
        Requests.tracker(sink).queueSize(1000).closeTimeout(Duration.ZERO).build()) {
      for (int sent = 0; sent < 5000; sent += 100) {
        Requests.serve(tracker, "/", 100);
        await().pollDelay(PACE).until(() -> tracker.stats().queueSize() < 700);
      }
      assertThat(tracker.stats().ledger().dropped()).isEmpty();
      assertThat(sink.inWindows()).hasSizeGreaterThan(4000);
    }
  }

  @Test
  void a_request_that_the_sink_cannot_put_into_a_window_gets_a_run_of_its_own() {
    sink.unfit =
        event -> {
          if (event.statusCode() == 418) {
            throw new IllegalArgumentException("a teapot");
          }
        };
    try (Tracker tracker = windows().build()) {
      for (int i = 0; i < 100; i++) {
        Requests.open(tracker, "/").end(i % 10 == 0 ? 418 : 200, null);
      }
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
    }
    assertThat(sink.runs.completed())
        .hasSize(10)
        .allSatisfy(event -> assertThat(event.statusCode()).isEqualTo(418));
    assertThat(sink.written()).hasSize(100).doesNotHaveDuplicates();
  }

  @Test
  void stats_say_what_is_being_written() {
    try (Tracker tracker = windows().build()) {
      assertThat(tracker.stats().writingWindows()).isTrue();
    }
    try (Tracker tracker = Requests.tracker(sink).build()) {
      assertThat(tracker.stats().writingWindows()).isFalse();
    }
  }

  @Test
  void what_is_in_an_open_window_at_a_close_without_time_is_counted() {
    Tracker tracker = windows().build();
    Requests.serve(tracker, "/", 10);
    await().until(() -> tracker.stats().queueSize() == 10);
    sink.beforeCreate =
        window -> {
          throw unavailable();
        };
    Ledger ledger = tracker.close(Duration.ZERO);
    assertThat(ledger.dropped()).containsEntry(DropReason.SHUTDOWN, 10L);
    assertThat(ledger.inFlight()).isZero();
  }

  @RepeatedTest(5)
  void whatever_fails_each_request_is_written_once(@TempDir Path directory) {
    sink.beforeCreate = window -> failSometimes(SinkException.Kind.UNAVAILABLE);
    sink.afterCreate = window -> failSometimes(SinkException.Kind.UNKNOWN);
    sink.beforeComplete = window -> failSometimes(SinkException.Kind.UNAVAILABLE);
    sink.afterComplete = window -> failSometimes(SinkException.Kind.UNKNOWN);
    sink.runs.beforeCreate = event -> failSometimes(SinkException.Kind.UNAVAILABLE);
    sink.runs.afterCreate = event -> failSometimes(SinkException.Kind.UNKNOWN);
    try (Tracker tracker =
        Requests.tracker(sink)
            .spool(directory)
            .windowAge(Duration.ofMillis(5))
            .queueSize(500)
            .build()) {
      for (int i = 0; i < 3000; i++) {
        Requests.open(tracker, "/").end(i % 50 == 0 ? 500 : 200, null);
      }
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.isComplete()).as("%s %s", ledger, tracker.stats()).isTrue();
    }
    assertThat(sink.runs.created()).doesNotHaveDuplicates();
    assertThat(sink.written().stream().distinct()).hasSize(3000);
    assertThat(sink.inWindows()).doesNotHaveDuplicates();
    assertThat(sink.inWindows())
        .doesNotContainAnyElementsOf(MemoryWindowSink.ids(sink.runs.completed()));
    assertThat(sink.rewritten()).isEmpty();
  }

  private static void failSometimes(SinkException.Kind kind) throws SinkException {
    if (ThreadLocalRandom.current().nextInt(10) == 0) {
      throw new SinkException(kind, "now and then", null);
    }
  }
}
