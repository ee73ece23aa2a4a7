// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.internal.delivery.Spool;
import io.runtracker.sink.SinkException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A window that is not taken as it is goes out in parts. */
class SplitTest {

  private static final int LIMIT = 30;

  @TempDir Path directory;

  private final MemoryWindowSink sink = new MemoryWindowSink();

  private Tracker.Builder windows(boolean withSpool) {
    Tracker.Builder builder =
        Requests.tracker(sink).trackAs(TrackAs.WINDOW).windowAge(Duration.ofHours(1));
    return withSpool ? builder.spool(directory) : builder;
  }

  private void limitTheBody() {
    sink.beforeComplete =
        window -> {
          if (window.size() > LIMIT) {
            throw new SinkException(SinkException.Kind.TOO_LARGE, "413", null);
          }
        };
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_window_that_is_too_large_goes_out_in_halves_and_nothing_is_refused(boolean withSpool) {
    limitTheBody();
    try (Tracker tracker = windows(withSpool).build()) {
      Requests.serve(tracker, "/", 200);
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
    }
    assertThat(sink.inWindows()).hasSize(200).doesNotHaveDuplicates();
    assertThat(sink.windows()).allSatisfy(w -> assertThat(w.events()).hasSizeLessThan(LIMIT + 1));
    assertThat(sink.discarded()).hasSize(sink.created().size() - sink.windows().size());
  }

  @Test
  void the_windows_after_one_that_was_too_large_are_smaller() {
    limitTheBody();
    try (Tracker tracker = windows(false).build()) {
      Requests.serve(tracker, "/", 200);
      tracker.flush(Requests.LONG);
      int discarded = sink.discarded().size();
      Requests.serve(tracker, "/", 200);
      assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
      assertThat(sink.discarded()).hasSize(discarded);
    }
  }

  @Test
  void one_request_that_is_too_large_for_the_server_keeps_no_window_small() {
    sink.completing =
        events -> {
          if (events.stream().anyMatch(event -> event.target().path().equals("/poison"))) {
            throw new SinkException(SinkException.Kind.TOO_LARGE, "413", null);
          }
        };
    try (Tracker tracker = windows(false).build()) {
      Requests.serve(tracker, "/", 50);
      Requests.serve(tracker, "/poison", 1);
      Requests.serve(tracker, "/", 49);
      Requests.serveOthersUntilDropped(tracker, 1);
      Requests.serve(tracker, "/", 5000);
      tracker.flush(Requests.LONG);
      int before = sink.created().size();
      Requests.serve(tracker, "/", 1000);
      tracker.flush(Requests.LONG);
      assertThat(sink.created().size() - before).isLessThan(4);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = SinkException.Kind.class,
      names = {"TOO_LARGE", "UNSUPPORTED"})
  void where_a_run_cannot_be_taken_back_at_once_that_is_tried_again_soon(SinkException.Kind kind) {
    AtomicInteger discards = new AtomicInteger();
    sink.discarding =
        () -> {
          if (discards.incrementAndGet() == 1) {
            throw new SinkException(SinkException.Kind.FAILED, "not now", null);
          }
        };
    sink.beforeComplete =
        window -> {
          if (window.size() > 10) {
            throw new SinkException(kind, "no window of more than ten", null);
          }
        };
    sink.runs.beforeCreate = event -> Thread.sleep(1);
    try (Tracker tracker =
        Requests.tracker(sink)
            .trackAs(kind == SinkException.Kind.UNSUPPORTED ? TrackAs.AUTO : TrackAs.WINDOW)
            .queueSize(100)
            .windowRows(20)
            .spool(directory)
            .maxRetryDelay(Duration.ofHours(1))
            .build()) {
      Awaitility.await()
          .atMost(Requests.LONG)
          .until(
              () -> {
                Requests.serve(tracker, "/", 50);
                return discards.get() > 0;
              });
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_request_for_which_a_window_is_refused_is_set_aside_alone(boolean withSpool)
      throws Exception {
    sink.refused = event -> event.target().path().equals("/poison");
    try (Tracker tracker = windows(withSpool).build()) {
      for (int i = 0; i < 100; i++) {
        Requests.serve(tracker, i == 17 || i == 60 ? "/poison" : "/", 1);
      }
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.dropped()).isEqualTo(Map.of(DropReason.REFUSED, 2L));
      assertThat(ledger.delivered()).isEqualTo(98);
    }
    assertThat(sink.inWindows()).hasSize(98).doesNotHaveDuplicates();
    if (withSpool) {
      sendAgain();
    }
  }

  @Test
  void a_request_on_which_the_server_always_fails_is_found_too() {
    sink.failing = event -> event.target().path().equals("/poison");
    try (Tracker tracker = windows(false).windowRows(10).build()) {
      for (int i = 0; i < 40; i++) {
        Requests.serve(tracker, i == 17 ? "/poison" : "/", 1);
      }
      Awaitility.await()
          .atMost(Requests.LONG)
          .until(
              () -> {
                Requests.serve(tracker, "/", 10); // others pass
                tracker.flush(Duration.ofMillis(20));
                return tracker.stats().ledger().dropped().containsKey(DropReason.REFUSED);
              });
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.dropped()).isEqualTo(Map.of(DropReason.REFUSED, 1L));
      assertThat(ledger.delivered()).isEqualTo(ledger.accepted() - 1);
    }
  }

  private void sendAgain() throws Exception {
    try (Spool spool = Spool.open(directory)) {
      List<Path> files = spool.rejected();
      assertThat(files).hasSize(2);
      for (Path file : files) {
        spool.resend(file);
      }
    }
    sink.refused = event -> false;
    try (Tracker tracker = windows(true).build()) {
      assertThat(tracker.flush(Requests.LONG).delivered()).isEqualTo(100);
    }
    assertThat(sink.written()).hasSize(100).doesNotHaveDuplicates();
  }

  @Test
  void a_sink_without_a_place_for_windows_gets_what_was_in_them_as_runs() {
    sink.beforeComplete =
        window -> {
          throw new SinkException(SinkException.Kind.UNSUPPORTED, "no artifacts here", null);
        };
    try (Tracker tracker =
        Requests.tracker(sink).queueSize(40).windowRows(10).spool(directory).build()) {
      sink.runs.beforeCreate = event -> Thread.sleep(1);
      Requests.serve(tracker, "/", 200);
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
      assertThat(sink.created()).isNotEmpty();
      assertThat(sink.discarded()).hasSameSizeAs(sink.created());
      assertThat(tracker.stats().writingWindows()).isFalse();
    }
    assertThat(MemoryWindowSink.ids(sink.runs.completed())).hasSize(200).doesNotHaveDuplicates();
  }

  @Test
  void where_windows_alone_are_written_a_sink_without_a_place_for_them_is_waited_for() {
    AtomicInteger refusals = new AtomicInteger();
    sink.beforeComplete =
        window -> {
          if (refusals.getAndIncrement() < 100) {
            throw new SinkException(SinkException.Kind.UNSUPPORTED, "no artifacts here", null);
          }
        };
    try (Tracker tracker = windows(false).windowRows(10).build()) {
      Requests.serve(tracker, "/", 100);
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
      assertThat(ledger.dropped()).isEmpty();
    }
    assertThat(sink.written()).hasSize(100).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void two_requests_on_which_the_server_fails_hold_up_no_others(boolean withSpool) {
    sink.failing = event -> event.target().path().equals("/poison");
    Tracker.Builder builder = windows(withSpool).windowAge(Duration.ofMillis(50)).windowRows(10);
    try (Tracker tracker = builder.build()) {
      for (int i = 0; i < 20; i++) {
        Requests.serve(tracker, i == 5 || i == 15 ? "/poison" : "/", 1);
      }
      // Only while others pass can anybody tell that it is them, and not the server.
      Awaitility.await()
          .atMost(Requests.LONG)
          .until(
              () -> {
                Requests.serve(tracker, "/", 1);
                return tracker.stats().ledger().droppedTotal() == 2;
              });
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.dropped()).isEqualTo(Map.of(DropReason.REFUSED, 2L));
      assertThat(ledger.delivered()).as("%s", ledger).isEqualTo(ledger.accepted() - 2);
    }
  }
}
