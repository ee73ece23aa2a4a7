// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.MemoryWindowSink.ContentFault;
import io.runtracker.MemoryWindowSink.Fault;
import io.runtracker.internal.log.FailPoint;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whichever step of a window fails, and however, it harms none of the good requests. */
@Tag("once")
class BadWindowTest {

  private static final String BAD = "/bad";
  private static final String UNLUCKY = "/unlucky";

  private final MemoryWindowSink sink = new MemoryWindowSink();
  private final AtomicInteger unluckyTried = new AtomicInteger();

  private Tracker.Builder windows(int rows) {
    return Requests.tracker(sink)
        .trackAs(TrackAs.WINDOW)
        .batchAge(Duration.ofMillis(1))
        .windowRows(rows)
        .windowAge(Duration.ofMillis(20))
        .closeTimeout(Duration.ZERO);
  }

  private static void fail(Kind kind) throws SinkException {
    throw new SinkException(kind, "told by the test", null);
  }

  private static boolean isOf(List<RequestEvent> events, String path) {
    return events.stream().anyMatch(event -> event.target().path().equals(path));
  }

  private static ContentFault failOnBad(Kind kind) {
    return events -> {
      if (isOf(events, BAD)) {
        fail(kind);
      }
    };
  }

  /** Fails on bad ones always, and on an unlucky one once, when it is alone. */
  private ContentFault failOnBadAndOnceOnUnlucky(Kind kind) {
    return events -> {
      boolean isUnluckyAlone = events.size() == 1 && isOf(events, UNLUCKY);
      boolean isUnlucky = isUnluckyAlone && unluckyTried.incrementAndGet() == 1;
      if (isOf(events, BAD) || isUnlucky) {
        fail(kind);
      }
    };
  }

  private void onlyTheBadOneIsSetAside(Tracker tracker) {
    Requests.serveOthersUntilDropped(tracker, 1);
    Ledger ledger = tracker.flush(Requests.LONG);
    assertThat(ledger.dropped()).as("%s", ledger).isEqualTo(Map.of(DropReason.REFUSED, 1L));
    assertThat(unluckyTried).hasValue(2);
  }

  @Test
  void a_good_request_that_was_in_a_window_with_a_bad_one_is_not_set_aside_for_one_refusal() {
    sink.completing = failOnBadAndOnceOnUnlucky(Kind.REFUSED);
    try (Tracker tracker = windows(4096).queueSize(100_000).build()) {
      for (int i = 0; i < 100; i++) {
        Requests.serve(tracker, "/", 1);
        tracker.flush(Duration.ofSeconds(1)); // many have passed
      }
      for (int i = 0; i < 4096; i++) {
        Requests.serve(tracker, i == 3 ? UNLUCKY : i == 5 ? BAD : "/", 1);
      }
      onlyTheBadOneIsSetAside(tracker);
    }
  }

  @Test
  void where_runs_cannot_be_taken_back_one_failure_costs_no_good_request() {
    sink.discarding = () -> fail(Kind.UNAUTHORIZED);
    sink.completing = failOnBadAndOnceOnUnlucky(Kind.UNAUTHORIZED);
    try (Tracker tracker = windows(4).build()) {
      Requests.serve(tracker, "/", 20);
      tracker.flush(Requests.LONG);
      for (String path : List.of("/a", UNLUCKY, BAD, "/b")) {
        Requests.serve(tracker, path, 1);
      }
      onlyTheBadOneIsSetAside(tracker);
    }
  }

  @Test
  void where_runs_cannot_be_taken_back_good_requests_leave_a_window_on_a_quiet_service_too() {
    sink.discarding = () -> fail(Kind.UNAUTHORIZED);
    sink.completing = failOnBad(Kind.UNAUTHORIZED);
    try (Tracker tracker = windows(4).maxRetryDelay(Duration.ofHours(1)).build()) {
      Requests.serve(tracker, "/", 20);
      tracker.flush(Requests.LONG);
      for (String path : List.of("/a", "/c", BAD, "/b")) {
        Requests.serve(tracker, path, 1);
      }
      await().atMost(Requests.LONG).until(() -> tracker.stats().ledger().delivered() == 23);
    }
  }

  private void twoBadWindowsHoldUpNoOthers(int before) {
    try (Tracker tracker = windows(10).build()) {
      Requests.serve(tracker, "/", before);
      tracker.flush(Requests.LONG);
      for (int i = 0; i < 20; i++) {
        Requests.serve(tracker, i == 5 || i == 15 ? BAD : "/", 1);
      }
      await()
          .atMost(Requests.LONG)
          .pollInterval(Duration.ofMillis(5))
          .until(
              () -> {
                Requests.serve(tracker, "/", 1);
                return tracker.stats().ledger().delivered() > before + 30;
              });
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void two_windows_that_cannot_be_created_hold_up_no_others(Kind kind) {
    sink.creating = failOnBad(kind);
    twoBadWindowsHoldUpNoOthers(0);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void two_windows_that_cannot_be_created_hold_up_no_others_where_many_passed(Kind kind) {
    sink.creating = failOnBad(kind);
    twoBadWindowsHoldUpNoOthers(100);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void two_windows_that_cannot_be_completed_hold_up_no_others(Kind kind) {
    sink.completing = failOnBad(kind);
    twoBadWindowsHoldUpNoOthers(0);
  }

  @Test
  void two_windows_that_cannot_be_looked_up_hold_up_no_others() {
    AtomicInteger creates = new AtomicInteger();
    sink.creating =
        events -> {
          if (creates.getAndIncrement() < 2) {
            fail(Kind.UNKNOWN);
          }
        };
    sink.lookingUp = () -> fail(Kind.UNKNOWN);
    twoBadWindowsHoldUpNoOthers(0);
  }

  @Test
  void one_request_that_a_firewall_answers_with_405_does_not_turn_windows_off_for_all() {
    sink.completing = failOnBad(Kind.UNSUPPORTED);
    try (Tracker tracker = windows(50).trackAs(TrackAs.AUTO).queueSize(400).build()) {
      await()
          .atMost(Requests.LONG)
          .until(
              () -> {
                Requests.serve(tracker, "/", 200);
                return tracker.stats().writingWindows() && !sink.windows().isEmpty();
              });
      tracker.flush(Requests.LONG); // so that there is room for the bad one
      Requests.serve(tracker, BAD, 1);
      await()
          .atMost(Requests.LONG)
          .until(
              () -> {
                Requests.serve(tracker, "/", 20);
                assertThat(tracker.stats().writingWindows()).isTrue();
                return tracker.stats().ledger().dropped().containsKey(DropReason.REFUSED);
              });
    }
  }

  @SuppressWarnings("unchecked")
  private static <T extends Throwable> void sneak(Throwable thrown) throws T {
    throw (T) thrown; // as Kotlin, Groovy and Lombok do
  }

  @ParameterizedTest
  @EnumSource(TrackAs.class)
  void an_io_exception_that_the_sink_did_not_declare_costs_no_request(TrackAs trackAs) {
    AtomicInteger left = new AtomicInteger(1);
    sink.completing =
        events -> {
          if (left.getAndDecrement() > 0) {
            BadWindowTest.<RuntimeException>sneak(new IOException("connection reset"));
          }
        };
    try (Tracker tracker = windows(100).trackAs(trackAs).build()) {
      Requests.serve(tracker, "/", 100);
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
    }
  }

  private void twoAreSetAside(TrackAs trackAs) {
    try (Tracker tracker = windows(10).trackAs(trackAs).build()) {
      Requests.serve(tracker, "/", 20);
      tracker.flush(Requests.LONG);
      for (int i = 0; i < 20; i++) {
        Requests.serve(tracker, i == 5 || i == 15 ? BAD : "/", 1);
      }
      Requests.serveOthersUntilDropped(tracker, 2);
      assertThat(tracker.stats().ledger().dropped())
          .isEqualTo(Map.of(DropReason.DELIVERY_FAULT, 2L));
    }
  }

  @ParameterizedTest
  @EnumSource(TrackAs.class)
  void what_always_ends_in_an_interrupted_exception_is_set_aside(TrackAs trackAs) {
    sink.completing =
        events -> {
          if (isOf(events, BAD)) {
            throw new InterruptedException("told by the test");
          }
        };
    twoAreSetAside(trackAs);
  }

  @ParameterizedTest
  @EnumSource(TrackAs.class)
  void what_fails_with_a_message_that_cannot_be_had_is_set_aside(TrackAs trackAs) {
    sink.completing =
        events -> {
          if (isOf(events, BAD)) {
            throw new IllegalStateException() {
              @Override
              public String getMessage() {
                throw new UnsupportedOperationException("told by the test");
              }
            };
          }
        };
    twoAreSetAside(trackAs);
  }

  /** As when the store of the files is away: runs need none. */
  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"FAILED", "UNAUTHORIZED", "UNKNOWN", "UNAVAILABLE", "REFUSED"})
  void where_all_windows_fail_and_runs_pass_nothing_is_set_aside(Kind kind, @TempDir Path spool) {
    AtomicBoolean isStoreAway = new AtomicBoolean();
    sink.beforeComplete =
        window -> {
          if (isStoreAway.get()) {
            fail(kind);
          }
        };
    sink.runs.beforeCreate = event -> Thread.sleep(2);
    try (Tracker tracker = windows(50).trackAs(TrackAs.AUTO).spool(spool).queueSize(400).build()) {
      await()
          .atMost(Requests.LONG)
          .until(
              () -> {
                Requests.serve(tracker, "/", 200);
                return tracker.stats().writingWindows() && !sink.windows().isEmpty();
              });
      isStoreAway.set(true);
      int before = sink.runs.completed().size();
      await()
          .atMost(Requests.LONG)
          .pollInterval(Duration.ofMillis(2))
          .until(
              () -> {
                Requests.serve(tracker, "/", 4);
                Requests.open(tracker, "/failed").end(500, null);
                return tracker.stats().retries() > 300
                    && sink.runs.completed().size() > before + 300;
              });
      isStoreAway.set(false);
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.dropped()).isEmpty();
      assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
    }
    assertThat(sink.written()).doesNotHaveDuplicates();
  }

  private void leaveWindowsInTheSpool(Path spool, int requests) {
    sink.beforeComplete = window -> fail(Kind.UNSUPPORTED);
    try (Tracker tracker = windows(10).spool(spool).build()) {
      for (int i = 0; i < requests; i++) {
        Requests.serve(tracker, i == 5 ? BAD : "/", 1);
      }
      await().atMost(Requests.LONG).until(() -> !sink.created().isEmpty());
    }
  }

  @Test
  void windows_of_a_life_before_become_runs_where_the_sink_takes_no_windows(@TempDir Path spool) {
    leaveWindowsInTheSpool(spool, 30);
    try (Tracker tracker = windows(10).trackAs(TrackAs.RUN).spool(spool).build()) {
      Requests.serve(tracker, "/", 10);
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.delivered()).as("%s", ledger).isEqualTo(40);
    }
    assertThat(sink.runs.completed()).hasSize(40);
    assertThat(sink.windows()).isEmpty();
  }

  @Test
  void a_bad_request_that_is_left_alone_in_a_window_is_found_as_a_run(@TempDir Path spool) {
    leaveWindowsInTheSpool(spool, 10);
    sink.beforeComplete = window -> {};
    sink.completing = failOnBad(Kind.FAILED);
    try (Tracker tracker = windows(10).trackAs(TrackAs.RUN).spool(spool).build()) {
      Requests.serveOthersUntilDropped(tracker, 1);
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.dropped()).isEqualTo(Map.of(DropReason.REFUSED, 1L));
      assertThat(ledger.delivered()).as("%s", ledger).isEqualTo(ledger.accepted() - 1);
    }
  }

  private void theGoodOnesAreDelivered(Path spool, int good) {
    try (Tracker tracker = windows(10).trackAs(TrackAs.RUN).spool(spool).build()) {
      await()
          .atMost(Requests.LONG)
          .until(
              () -> {
                Requests.serve(tracker, "/other", 1);
                tracker.flush(Duration.ofMillis(20));
                return sink.runs.completed().stream().filter(BadWindowTest::isGood).count() == good;
              });
      assertThat(tracker.stats().ledger().dropped().keySet()).isSubsetOf(DropReason.REFUSED);
    }
    assertThat(sink.written()).doesNotHaveDuplicates();
  }

  private static boolean isGood(RequestEvent event) {
    return event.target().path().equals("/");
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"FAILED", "UNAUTHORIZED", "REFUSED", "UNKNOWN", "TOO_LARGE"})
  void windows_of_a_life_before_become_runs_where_runs_pass_and_windows_do_not(
      Kind kind, @TempDir Path spool) {
    leaveWindowsInTheSpool(spool, 60);
    sink.beforeComplete = window -> fail(kind);
    sink.completing = failOnBad(Kind.REFUSED);
    theGoodOnesAreDelivered(spool, 59);
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"FAILED", "UNAUTHORIZED", "REFUSED", "UNKNOWN", "UNAVAILABLE"})
  void a_window_of_a_life_before_that_is_never_created_becomes_runs_where_runs_pass(
      Kind kind, @TempDir Path spool) {
    sink.creating = failOnBad(kind);
    try (Tracker tracker = windows(10).spool(spool).build()) {
      for (int i = 0; i < 10; i++) {
        Requests.serve(tracker, i == 5 ? BAD : "/", 1);
      }
      await().atMost(Requests.LONG).until(() -> tracker.stats().retries() > 0);
    }
    theGoodOnesAreDelivered(spool, 9);
  }

  @Test
  void where_all_windows_fail_and_what_fits_in_none_passes_nothing_is_set_aside() {
    sink.unfit =
        event -> {
          if (event.target().path().equals("/unfit")) {
            throw new IllegalArgumentException("told by the test");
          }
        };
    AtomicInteger failures = new AtomicInteger();
    sink.beforeComplete =
        window -> {
          failures.incrementAndGet();
          fail(Kind.FAILED);
        };
    try (Tracker tracker = windows(10).build()) {
      Requests.serve(tracker, "/", 30);
      await()
          .atMost(Requests.LONG)
          .until(
              () -> {
                Requests.serve(tracker, "/unfit", 1);
                return failures.get() > 200;
              });
      sink.isWellAgain();
      assertThat(tracker.flush(Requests.LONG).dropped()).isEmpty();
    }
  }

  @Test
  void two_windows_of_which_nobody_knows_whether_they_exist_hold_up_no_others() {
    AtomicInteger creates = new AtomicInteger();
    sink.beforeCreate =
        window -> {
          if (creates.incrementAndGet() <= 2) {
            fail(Kind.UNKNOWN);
          }
        };
    try (Tracker tracker = windows(10).lookupDelay(Duration.ofHours(1)).build()) {
      Requests.serve(tracker, "/", 100);
      await().atMost(Requests.LONG).until(() -> tracker.stats().ledger().delivered() >= 80);
    }
  }

  @Test
  void one_window_that_is_refused_as_such_does_not_end_the_windows() {
    AtomicBoolean isTold = new AtomicBoolean();
    sink.beforeComplete =
        window -> {
          if (!isTold.getAndSet(true)) {
            fail(Kind.UNSUPPORTED);
          }
        };
    sink.runs.beforeCreate = event -> Thread.sleep(2);
    try (Tracker tracker = windows(50).trackAs(TrackAs.AUTO).queueSize(400).build()) {
      await()
          .atMost(Requests.LONG)
          .until(
              () -> {
                Requests.serve(tracker, "/", 200);
                return !sink.windows().isEmpty();
              });
      assertThat(isTold).isTrue();
      assertThat(tracker.stats().writingWindows()).isTrue();
    }
  }

  static Stream<Named<Fault>> endsThatDoNotTellWhetherItIsComplete() {
    return Stream.of(
        Named.of("UNKNOWN", window -> fail(Kind.UNKNOWN)),
        Named.of("FAILED", window -> fail(Kind.FAILED)),
        Named.of(
            "an error",
            window -> {
              throw new StackOverflowError("told by the test");
            }),
        Named.of(
            "an interrupt",
            window -> {
              throw new InterruptedException("told by the test");
            }));
  }

  @ParameterizedTest
  @MethodSource("endsThatDoNotTellWhetherItIsComplete")
  void a_window_that_may_be_complete_is_not_written_in_parts_before_it_is_taken_back(Fault end) {
    AtomicInteger discards = new AtomicInteger();
    AtomicBoolean mayDiscard = new AtomicBoolean();
    sink.discarding =
        () -> {
          discards.incrementAndGet();
          if (!mayDiscard.get()) {
            fail(Kind.UNAUTHORIZED);
          }
        };
    sink.afterComplete =
        window -> {
          if (window.size() == 4) {
            end.strike(window);
          }
        };
    try (Tracker tracker = windows(4).windowAge(Duration.ofHours(1)).build()) {
      Requests.serve(tracker, "/", 4);
      await()
          .atMost(Requests.LONG)
          .until(
              () -> {
                Requests.serve(tracker, "/", 1);
                tracker.flush(Duration.ofMillis(20));
                return discards.get() > 5;
              });
      assertThat(sink.inWindows()).doesNotHaveDuplicates();
      mayDiscard.set(true);
      assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
    }
    assertThat(sink.inWindows()).doesNotHaveDuplicates();
  }

  /** What a process leaves behind that is killed when the first window is where it hangs. */
  private Path killed(Path spool, AtomicBoolean hangs) throws IOException {
    try (Tracker tracker = windows(10).spool(spool).build()) {
      Requests.serve(tracker, "/", 10);
      await().atMost(Requests.LONG).untilTrue(hangs);
      return Crash.leaving(spool);
    } finally {
      sink.isWellAgain();
    }
  }

  private static Fault hanging(AtomicBoolean hangs) {
    return window -> {
      hangs.set(true);
      TimeUnit.DAYS.sleep(1);
    };
  }

  @Test
  void a_window_of_a_life_before_is_not_written_as_runs_before_it_is_taken_back(@TempDir Path spool)
      throws IOException {
    AtomicBoolean hangs = new AtomicBoolean();
    sink.afterComplete = hanging(hangs);
    Path left = killed(spool, hangs);
    AtomicInteger discards = new AtomicInteger();
    AtomicBoolean mayDiscard = new AtomicBoolean();
    sink.beforeComplete = window -> fail(Kind.UNSUPPORTED);
    sink.discarding =
        () -> {
          discards.incrementAndGet();
          if (!mayDiscard.get()) {
            fail(Kind.UNAUTHORIZED);
          }
        };
    try (Tracker tracker = windows(10).trackAs(TrackAs.RUN).spool(left).build()) {
      await()
          .atMost(Requests.LONG)
          .until(() -> discards.get() > 5 || !sink.runs.completed().isEmpty());
      assertThat(sink.written()).hasSize(10).doesNotHaveDuplicates();
      mayDiscard.set(true);
      assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
    }
    assertThat(sink.written()).hasSize(10).doesNotHaveDuplicates();
  }

  /** In a life in which no window is taken, and none can be taken back. */
  private void becomesRuns(Path spool) {
    sink.discarding = () -> fail(Kind.UNAUTHORIZED);
    try (Tracker tracker = windows(10).trackAs(TrackAs.RUN).spool(spool).build()) {
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
    }
    assertThat(sink.runs.completed()).hasSize(10);
  }

  @Test
  void a_window_of_a_life_before_that_is_looked_up_in_vain_was_not_complete(@TempDir Path spool)
      throws IOException {
    AtomicBoolean hangs = new AtomicBoolean();
    sink.beforeCreate = hanging(hangs);
    Path left = killed(spool, hangs);
    sink.beforeComplete = window -> fail(Kind.UNSUPPORTED);
    becomesRuns(left);
  }

  @Test
  void a_window_of_a_life_before_whose_run_is_gone_is_not_complete(@TempDir Path spool)
      throws IOException {
    AtomicBoolean hangs = new AtomicBoolean();
    sink.afterComplete = hanging(hangs);
    Path left = killed(spool, hangs);
    AtomicBoolean isTold = new AtomicBoolean();
    sink.beforeComplete = window -> fail(isTold.getAndSet(true) ? Kind.UNSUPPORTED : Kind.GONE);
    becomesRuns(left);
  }

  @ParameterizedTest
  @EnumSource(TrackAs.class)
  void a_request_whose_window_was_taken_back_when_the_process_was_killed_is_delivered(
      TrackAs trackAs, @TempDir Path spool) throws IOException {
    leaveWindowsInTheSpool(spool, 1);
    Path left;
    try (Tracker tracker =
        windows(10)
            .trackAs(TrackAs.RUN)
            .spool(spool)
            .failPoints(
                point -> {
                  if (point == FailPoint.AFTER_DISCARD) {
                    throw new OutOfMemoryError("told by the test");
                  }
                })
            .build()) {
      await().atMost(Requests.LONG).until(() -> !sink.discarded().isEmpty());
      left = Crash.leaving(spool);
    }
    sink.isWellAgain();
    try (Tracker tracker = windows(10).trackAs(trackAs).spool(left).build()) {
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
    }
    assertThat(sink.written()).hasSize(1);
    assertThat(sink.runs.completed()).hasSize(trackAs == TrackAs.WINDOW ? 0 : 1);
  }

  @Test
  void that_a_run_cannot_be_taken_back_while_the_server_is_away_is_no_try_of_its_request(
      @TempDir Path spool) {
    leaveWindowsInTheSpool(spool, 1);
    AtomicInteger discards = new AtomicInteger();
    AtomicInteger refusals = new AtomicInteger();
    String first = sink.created().get(0).events().get(0).eventId();
    sink.discarding =
        () -> {
          if (discards.incrementAndGet() <= 12) {
            fail(Kind.UNAVAILABLE);
          }
        };
    sink.runs.beforeCreate =
        event -> {
          if (event.eventId().equals(first) && refusals.incrementAndGet() == 1) {
            fail(Kind.REFUSED);
          }
        };
    try (Tracker tracker = windows(10).trackAs(TrackAs.RUN).spool(spool).build()) {
      await()
          .atMost(Requests.LONG)
          .until(
              () -> {
                Requests.serve(tracker, "/", 1); // others pass
                Ledger ledger = tracker.flush(Duration.ofMillis(20));
                return refusals.get() > 0 && ledger.inFlight() + ledger.spooled() == 0;
              });
      assertThat(tracker.stats().ledger().dropped()).isEmpty();
    }
    assertThat(refusals).hasValue(2);
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 8, 20})
  void a_window_of_bad_requests_alone_does_not_end_the_search_in_others(int allBad) {
    sink.completing =
        events -> {
          if (events.stream().anyMatch(event -> event.target().path().equals("/bad"))) {
            throw new SinkException(SinkException.Kind.FAILED, "told by the test", null);
          }
        };
    try (Tracker tracker =
        Requests.tracker(sink)
            .trackAs(TrackAs.WINDOW)
            .batchAge(Duration.ofMillis(1))
            .windowRows(20)
            .windowAge(Duration.ofMillis(300))
            .closeTimeout(Duration.ZERO)
            .build()) {
      Requests.serve(tracker, "/bad", allBad);
      tracker.flush(Duration.ofMillis(500)); // a window of their own
      for (int i = 0; i < 200; i++) {
        Requests.serve(tracker, i % 20 == 3 ? "/bad" : "/", 1);
      }
      await()
          .atMost(Requests.LONG)
          .untilAsserted(() -> assertThat(tracker.stats().ledger().delivered()).isEqualTo(190));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 10})
  void a_complete_window_that_cannot_be_put_together_again_is_not_written_as_runs_too(
      int requests, @TempDir Path spool) throws IOException {
    Path left = leftWithACompleteWindow(requests, spool);
    sink.unfit =
        event -> {
          throw new IllegalArgumentException("told by the test");
        };
    try (Tracker tracker = Requests.tracker(sink, TrackAs.WINDOW, left).build()) {
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
    }
    assertThat(sink.written()).doesNotHaveDuplicates().hasSize(requests);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/unfit"})
  void a_window_that_the_sink_says_is_complete_stays_as_it_is_whatever_of_it_can_be_read_again(
      String unfit, @TempDir Path spool) throws IOException {
    Path left = leftWithACompleteWindow(10, spool);
    sink.unfit =
        event -> {
          if (event.target().path().startsWith(unfit)) {
            throw new IllegalArgumentException("told by the test");
          }
        };
    sink.tellsWhatIsComplete = true;
    AtomicInteger asked = new AtomicInteger();
    sink.askedWhatIsComplete =
        () -> {
          if (asked.getAndIncrement() < 2) {
            throw new SinkException(SinkException.Kind.UNAVAILABLE, "away for a moment", null);
          }
        };
    try (Tracker tracker = Requests.tracker(sink, TrackAs.WINDOW, left).build()) {
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
      assertThat(ledger.dropped()).isEmpty();
    }
    assertThat(asked).hasValue(3);
    assertThat(sink.discarded()).isEmpty();
    assertThat(sink.written()).doesNotHaveDuplicates().hasSize(10);
  }

  @Test
  void a_window_whose_create_had_no_answer_and_that_cannot_be_put_together_again_becomes_runs(
      @TempDir Path spool) throws IOException {
    Path left = leftWithAWindow(10, spool, fault -> sink.afterCreate = fault);
    sink.unfit =
        event -> {
          throw new IllegalArgumentException("told by the test");
        };
    sink.tellsWhatIsComplete = true;
    try (Tracker tracker = Requests.tracker(sink, TrackAs.WINDOW, left).build()) {
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
      assertThat(tracker.stats().lastError()).isNull();
    }
    assertThat(sink.written()).doesNotHaveDuplicates().hasSize(10);
    assertThat(sink.discarded()).hasSize(1);
  }

  /** What a process has left that was killed before it knew that its window was complete. */
  private Path leftWithACompleteWindow(int requests, Path spool) throws IOException {
    return leftWithAWindow(requests, spool, fault -> sink.afterComplete = fault);
  }

  private Path leftWithAWindow(int requests, Path spool, Consumer<MemoryWindowSink.Fault> stopsWith)
      throws IOException {
    AtomicBoolean hangs = new AtomicBoolean();
    stopsWith.accept(
        window -> {
          hangs.set(true);
          TimeUnit.DAYS.sleep(1);
        });
    Path left;
    try (Tracker tracker = Requests.tracker(sink, TrackAs.WINDOW, spool).build()) {
      Requests.serve(tracker, "/fits", requests - 1);
      Requests.serve(tracker, "/unfit", 1);
      await().atMost(Requests.LONG).untilTrue(hangs);
      left = Crash.leaving(spool);
    }
    sink.isWellAgain();
    return left;
  }
}
