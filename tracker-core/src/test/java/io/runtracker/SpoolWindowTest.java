// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.internal.log.FailPoint;
import io.runtracker.internal.log.SegmentLog;
import io.runtracker.internal.log.SegmentLogOptions;
import io.runtracker.sink.SinkException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolWindowTest {

  @TempDir Path temporary;
  private Path directory;

  private static final SegmentLogOptions OPTIONS = SegmentLogOptions.defaults();

  private final MemoryWindowSink sink = new MemoryWindowSink();

  private Tracker.Builder tracker(Path spool) {
    return Requests.tracker(sink)
        .spool(spool)
        .trackAs(TrackAs.WINDOW)
        .windowAge(Duration.ofHours(1))
        .windowRows(100)
        .closeTimeout(Duration.ZERO);
  }

  private static MemoryWindowSink.Fault away() {
    return window -> {
      throw new SinkException(SinkException.Kind.UNAVAILABLE, "away", null);
    };
  }

  private Ledger deliverRestOf(Path crashed) {
    sink.isWellAgain();
    try (Tracker second = tracker(crashed).build()) {
      return second.flush(Requests.LONG);
    }
  }

  @BeforeEach
  void makeDirectory() throws IOException {
    directory = Files.createDirectory(temporary.resolve("spool"));
  }

  @Test
  void a_window_that_was_created_before_the_crash_is_completed_with_the_same_requests()
      throws Exception {
    sink.beforeComplete = window -> TimeUnit.DAYS.sleep(1);
    try (Tracker first = tracker(directory).build()) {
      Requests.serve(first, "/", 100);
      await().until(() -> sink.created().size() == 1);
      Path crashed = Crash.leaving(directory);
      assertThat(deliverRestOf(crashed).delivered()).isEqualTo(100);
      assertThat(sink.created()).hasSize(1);
      assertThat(sink.inWindows()).isEqualTo(MemoryWindowSink.ids(sink.created().get(0).events()));
    }
  }

  @Test
  void a_window_whose_create_the_crash_cut_off_is_looked_up_and_not_repeated() throws Exception {
    sink.afterCreate = window -> TimeUnit.DAYS.sleep(1);
    try (Tracker first = tracker(directory).build()) {
      Requests.serve(first, "/", 250);
      await().until(() -> sink.created().size() == 2);
      Path crashed = Crash.leaving(directory);
      assertThat(deliverRestOf(crashed).delivered()).isEqualTo(250);
      assertThat(sink.created()).hasSize(3);
      assertThat(sink.inWindows()).hasSize(250).doesNotHaveDuplicates();
    }
  }

  @Test
  void a_window_that_was_complete_before_the_crash_is_completed_to_the_same() throws Exception {
    sink.afterComplete = window -> TimeUnit.DAYS.sleep(1);
    try (Tracker first = tracker(directory).build()) {
      Requests.serve(first, "/", 150);
      await().until(() -> sink.windows().size() == 1);
      Path crashed = Crash.leaving(directory);
      assertThat(deliverRestOf(crashed).delivered()).isEqualTo(150);
      assertThat(sink.created()).hasSize(2);
      assertThat(sink.rewritten()).isEmpty();
      assertThat(sink.inWindows()).hasSize(150).doesNotHaveDuplicates();
    }
  }

  @Test
  void what_waited_in_an_open_window_at_the_crash_is_in_a_later_one() throws Exception {
    try (Tracker first = tracker(directory).build()) {
      Requests.serve(first, "/", 30);
      await().until(() -> first.stats().ledger().spooled() == 30);
      Path crashed = Crash.leaving(directory);
      assertThat(deliverRestOf(crashed).delivered()).isEqualTo(30);
      assertThat(sink.inWindows()).hasSize(30).doesNotHaveDuplicates();
    }
  }

  @Test
  void a_request_sent_as_a_run_before_the_crash_is_in_no_window_after_it() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    sink.runs.afterCreate = event -> never.await();
    try (Tracker first = tracker(directory).trackAs(TrackAs.RUN).inFlight(8).build()) {
      Requests.serve(first, "/", 50);
      await().until(() -> sink.runs.created().size() == 8);
      Path crashed = Crash.leaving(directory);
      sink.runs.afterCreate = event -> {};
      assertThat(deliverRestOf(crashed).delivered()).isEqualTo(50);
      assertThat(sink.runs.created()).hasSize(8);
      assertThat(sink.inWindows()).hasSize(42);
      assertThat(sink.written()).hasSize(50).doesNotHaveDuplicates();
    }
  }

  @Test
  void a_window_sent_before_the_crash_stays_one_where_runs_are_wanted_after_it() throws Exception {
    sink.afterCreate = window -> TimeUnit.DAYS.sleep(1);
    try (Tracker first = tracker(directory).build()) {
      Requests.serve(first, "/", 120);
      await().until(() -> sink.created().size() == 1);
      Path crashed = Crash.leaving(directory);
      sink.isWellAgain();
      try (Tracker second = tracker(crashed).trackAs(TrackAs.RUN).build()) {
        assertThat(second.flush(Requests.LONG).delivered()).isEqualTo(120);
      }
      assertThat(sink.created()).hasSize(1);
      assertThat(sink.inWindows()).hasSize(100);
      assertThat(sink.runs.completed()).hasSize(20);
    }
  }

  @Test
  void a_window_that_was_not_sent_becomes_runs_where_the_sink_takes_no_windows_any_more()
      throws Exception {
    CountDownLatch entered = new CountDownLatch(1);
    sink.beforeCreate =
        window -> {
          entered.countDown();
          TimeUnit.DAYS.sleep(1);
        };
    MemorySink runs = new MemorySink();
    try (Tracker first = tracker(directory).build()) {
      Requests.serve(first, "/", 100);
      entered.await();
      Path crashed = Crash.leaving(directory);
      try (Tracker second = Requests.tracker(runs).spool(crashed).build()) {
        assertThat(second.flush(Requests.LONG).delivered()).isEqualTo(100);
      }
      assertThat(MemoryWindowSink.ids(runs.completed())).hasSize(100).doesNotHaveDuplicates();
    }
  }

  @Test
  void windows_that_wait_for_their_look_up_hold_up_no_others() throws Exception {
    sink.afterCreate = window -> TimeUnit.DAYS.sleep(1);
    try (Tracker first = tracker(directory).build()) {
      Requests.serve(first, "/", 250);
      await().until(() -> sink.created().size() == 2);
      Path crashed = Crash.leaving(directory);
      sink.isWellAgain();
      try (Tracker second = tracker(crashed).lookupDelay(Duration.ofHours(1)).build()) {
        Requests.serve(second, "/", 450);
        await().atMost(Requests.LONG).until(() -> sink.inWindows().size() == 500);
        await().until(() -> second.stats().ledger().spooled() == 200);
      }
    }
  }

  @Test
  void windows_of_processes_before_are_not_held_in_memory_between_tries() throws Exception {
    sink.beforeComplete = away();
    Path spool = directory;
    for (int life = 0; life < 6; life++) {
      try (Tracker tracker = tracker(spool).build()) {
        int begun = sink.created().size();
        Requests.serve(tracker, "/", 200);
        await().until(() -> sink.created().size() >= begun + 2);
        spool = Crash.leaving(spool);
      }
    }
    try (Tracker last = tracker(spool).build()) {
      long retries = last.stats().retries();
      await().until(() -> last.stats().retries() > retries + 50);
      await().until(() -> sink.draftsHeld() <= 3);
    }
  }

  @Test
  void nothing_is_remembered_of_a_window_that_is_delivered() throws Exception {
    try (Tracker tracker = tracker(directory).build()) {
      Requests.serve(tracker, "/", 1000);
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
      try (SegmentLog after = SegmentLog.open(Crash.leaving(directory), OPTIONS)) {
        assertThat(after.live().isEmpty()).isTrue();
      }
      assertThat(tracker.stats().ledger().spooled()).isZero();
    }
  }

  @Test
  void the_ledger_holds_across_a_restart() {
    for (int round = 1; round <= 3; round++) {
      Tracker tracker = tracker(directory).build();
      Requests.serve(tracker, "/", 250);
      tracker.flush(Requests.LONG);
      Ledger ledger = tracker.close(Requests.LONG);
      assertThat(ledger.delivered()).isEqualTo(250L * round);
      assertThat(ledger.isComplete()).isTrue();
    }
  }

  @Test
  void a_request_that_a_window_cannot_take_again_is_written_once_across_two_crashes()
      throws Exception {
    sink.beforeComplete =
        window -> {
          throw new SinkException(SinkException.Kind.UNAVAILABLE, "away", null);
        };
    Path crashed;
    try (Tracker first = tracker(directory).windowRows(10).build()) {
      for (int i = 0; i < 10; i++) {
        Requests.serve(first, "/" + i, 1);
      }
      await().until(() -> first.stats().retries() > 0);
      crashed = Crash.leaving(directory);
    }
    // Another version of the sink: it takes one of them in no window.
    sink.unfit =
        event -> {
          if (event.target().path().equals("/3")) {
            throw new IllegalArgumentException("has no place in a window");
          }
        };
    sink.beforeComplete =
        window -> {
          throw new SinkException(SinkException.Kind.GONE, "gone", null);
        };
    sink.runs.beforeComplete = event -> TimeUnit.DAYS.sleep(1);
    Path again;
    try (Tracker second = tracker(crashed).windowRows(10).build()) {
      await().atMost(Requests.LONG).until(() -> sink.runs.created().size() == 1);
      again = Crash.leaving(crashed);
    }
    sink.isWellAgain();
    sink.runs.beforeComplete = event -> {};
    try (Tracker third = tracker(again).windowRows(10).build()) {
      Ledger ledger = third.flush(Requests.LONG);
      assertThat(ledger.inFlight() + ledger.spooled()).as("%s", ledger).isZero();
      assertThat(MemoryWindowSink.ids(sink.runs.created())).doesNotHaveDuplicates();
      assertThat(sink.written()).hasSize(10).doesNotHaveDuplicates();
      TrackerTest.assertAddsUp(ledger);
    }
  }

  @Test
  void a_window_that_is_delivered_without_one_of_its_requests_does_not_come_back_with_that_one() {
    sink.beforeComplete = away();
    try (Tracker first = tracker(directory).windowRows(10).build()) {
      for (int i = 0; i < 10; i++) {
        Requests.serve(first, "/" + i, 1);
      }
      await().until(() -> first.stats().retries() > 0);
    }
    sink.isWellAgain();
    sink.unfit =
        event -> {
          if (event.target().path().equals("/3")) {
            throw new IllegalArgumentException("has no place in a window");
          }
        };
    FailPoint ofItsRun = FailPoint.BEFORE_PLAN; // the window was planned in the life before
    try (Tracker second =
        tracker(directory)
            .failPoints(
                point -> {
                  if (point == ofItsRun) {
                    throw new OutOfMemoryError("told by the test");
                  }
                })
            .build()) {
      await().atMost(Requests.LONG).until(() -> second.stats().ledger().delivered() == 9);
    }
    sink.unfit = event -> {}; // it would have a place again
    assertThat(deliverRestOf(directory).delivered()).isEqualTo(10);
    assertThat(sink.rewritten()).isEmpty();
    assertThat(sink.written()).hasSize(10).doesNotHaveDuplicates();
  }
}
