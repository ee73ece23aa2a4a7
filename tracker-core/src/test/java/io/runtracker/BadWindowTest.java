// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.sink.EncodedEvent;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import io.runtracker.sink.WindowDraft;
import io.runtracker.sink.WindowSink;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whichever step of a window fails, and however, it harms none of the good requests. */
@Tag("once")
class BadWindowTest {

  private static final String BAD = "/bad";
  private static final String UNLUCKY = "/unlucky";

  private interface Step {
    void of(List<String> paths) throws SinkException, InterruptedException;
  }

  /** Each of its steps may fail by what is in a window. */
  private static final class Sink implements WindowSink {
    volatile Step create = paths -> {};
    volatile Step complete = paths -> {};
    volatile Step discard = paths -> {};
    volatile Step find = paths -> {};
    final MemoryWindowSink taken = new MemoryWindowSink();

    private static List<String> pathOf(RequestEvent event) {
      return List.of(event.target().path());
    }

    @Override
    public String create(RequestEvent event) throws SinkException, InterruptedException {
      create.of(pathOf(event));
      return taken.create(event);
    }

    @Override
    public void complete(String runId, RequestEvent event)
        throws SinkException, InterruptedException {
      complete.of(pathOf(event));
      taken.complete(runId, event);
    }

    @Override
    public Optional<String> find(RequestEvent event) {
      return taken.find(event);
    }

    @Override
    public Optional<String> find(RequestWindow window) throws SinkException, InterruptedException {
      find.of(List.of());
      return taken.find(window);
    }

    @Override
    public void discard(String runId) throws SinkException, InterruptedException {
      discard.of(List.of());
      taken.discard(runId);
    }

    @Override
    public void close() {
      taken.close();
    }

    @Override
    public WindowDraft newWindow() {
      WindowDraft draft = taken.newWindow();
      List<String> paths = new ArrayList<>();
      return new WindowDraft() {
        @Override
        public void add(EncodedEvent event) throws IOException {
          paths.add(Encoded.decode(event).target().path());
          draft.add(event);
        }

        @Override
        public String create(RequestWindow window) throws SinkException, InterruptedException {
          create.of(paths);
          return draft.create(window);
        }

        @Override
        public void complete(String runId, RequestWindow window)
            throws SinkException, InterruptedException {
          complete.of(paths);
          draft.complete(runId, window);
        }
      };
    }
  }

  private final Sink sink = new Sink();
  private final Map<String, AtomicInteger> triedAlone = new ConcurrentHashMap<>();

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

  private static Step failOnBad(Kind kind) {
    return paths -> {
      if (paths.contains(BAD)) {
        fail(kind);
      }
    };
  }

  /** Fails on bad ones always, and on an unlucky one once, when it is alone. */
  private Step failOnBadAndOnceOnUnlucky(Kind kind) {
    return paths -> {
      boolean isAlone = paths.size() == 1;
      int tries =
          isAlone
              ? triedAlone
                  .computeIfAbsent(paths.get(0), path -> new AtomicInteger())
                  .incrementAndGet()
              : 0;
      if (paths.contains(BAD) || (paths.equals(List.of(UNLUCKY)) && tries == 1)) {
        fail(kind);
      }
    };
  }

  private void onlyTheBadOneIsSetAside(Tracker tracker) {
    Requests.serveOthersUntilDropped(tracker, 1);
    Ledger ledger = tracker.flush(Requests.LONG);
    assertThat(ledger.dropped()).as("%s", ledger).isEqualTo(Map.of(DropReason.REFUSED, 1L));
    assertThat(triedAlone.get(UNLUCKY).get()).isEqualTo(2);
  }

  @Test
  void a_good_request_that_was_in_a_window_with_a_bad_one_is_not_set_aside_for_one_refusal() {
    sink.complete = failOnBadAndOnceOnUnlucky(Kind.REFUSED);
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
    sink.discard = paths -> fail(Kind.UNAUTHORIZED);
    sink.complete = failOnBadAndOnceOnUnlucky(Kind.FAILED);
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
    sink.discard = paths -> fail(Kind.UNAUTHORIZED);
    sink.complete = failOnBad(Kind.FAILED);
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
    sink.create = failOnBad(kind);
    twoBadWindowsHoldUpNoOthers(0);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void two_windows_that_cannot_be_created_hold_up_no_others_where_many_passed(Kind kind) {
    sink.create = failOnBad(kind);
    twoBadWindowsHoldUpNoOthers(100);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void two_windows_that_cannot_be_completed_hold_up_no_others(Kind kind) {
    sink.complete = failOnBad(kind);
    twoBadWindowsHoldUpNoOthers(0);
  }

  @Test
  void two_windows_that_cannot_be_looked_up_hold_up_no_others() {
    AtomicInteger creates = new AtomicInteger();
    sink.create =
        paths -> {
          if (creates.getAndIncrement() < 2) {
            fail(Kind.UNKNOWN);
          }
        };
    sink.find = paths -> fail(Kind.UNKNOWN);
    twoBadWindowsHoldUpNoOthers(0);
  }

  @Test
  void one_request_that_a_firewall_answers_with_405_does_not_turn_windows_off_for_all() {
    sink.complete = failOnBad(Kind.UNSUPPORTED);
    try (Tracker tracker = windows(50).trackAs(TrackAs.AUTO).queueSize(400).build()) {
      await()
          .atMost(Requests.LONG)
          .until(
              () -> {
                Requests.serve(tracker, "/", 200);
                return tracker.stats().writingWindows() && !sink.taken.windows().isEmpty();
              });
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
    sink.complete =
        paths -> {
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
    sink.complete =
        paths -> {
          if (paths.contains(BAD)) {
            throw new InterruptedException("told by the test");
          }
        };
    twoAreSetAside(trackAs);
  }

  @ParameterizedTest
  @EnumSource(TrackAs.class)
  void what_fails_with_a_message_that_cannot_be_had_is_set_aside(TrackAs trackAs) {
    sink.complete =
        paths -> {
          if (paths.contains(BAD)) {
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
}
