// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.sink.SinkException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** One request never harms another, however the sink fails on it. */
@Tag("once")
class PoisonTest {

  /** What a sink may do with a request that it does not take. */
  enum Answer {
    /** 400 and 422 in MLflow's words. */
    REFUSES(SinkException.Kind.REFUSED),
    /** 413. */
    IS_TOO_SMALL(SinkException.Kind.TOO_LARGE),
    /** 400, 406, 409, 500, and whatever is no answer of MLflow's. */
    FAILS(SinkException.Kind.FAILED),
    /** 401, 403, 407. */
    WANTS_OTHER_CREDENTIALS(SinkException.Kind.UNAUTHORIZED),
    /** A reset, a body cut short, a hang until the time-out. */
    BREAKS_OFF(SinkException.Kind.UNKNOWN),
    /** 408, 429, 503. */
    IS_BUSY(SinkException.Kind.UNAVAILABLE),
    THROWS(null);

    private final SinkException.@Nullable Kind kind;

    Answer(SinkException.@Nullable Kind kind) {
      this.kind = kind;
    }

    void give() throws SinkException {
      if (kind == null) {
        throw new StackOverflowError("told by the test");
      }
      throw new SinkException(kind, "told by the test", null);
    }
  }

  @TempDir Path directory;

  private final PoisonedSink sink = new PoisonedSink();
  private final AtomicInteger served = new AtomicInteger();
  private final Set<Integer> poisoned = ConcurrentHashMap.newKeySet();

  /** Takes what it is given but for poison, and counts how often it saw that. */
  private static final class PoisonedSink extends MemoryWindowSink {
    volatile Answer answer = Answer.FAILS;
    volatile boolean isWell;
    final Map<String, AtomicInteger> tries = new ConcurrentHashMap<>();
    final AtomicInteger failures = new AtomicInteger();

    PoisonedSink() {
      runs.beforeCreate = event -> take(List.of(event));
      completing = this::take;
    }

    private void take(List<RequestEvent> events) throws SinkException {
      List<RequestEvent> bad = isWell ? List.of() : events.stream().filter(this::isPoison).toList();
      if (!bad.isEmpty()) {
        failures.incrementAndGet();
        if (events.size() == 1) {
          tries.computeIfAbsent(bad.get(0).eventId(), id -> new AtomicInteger()).incrementAndGet();
        }
        answer.give();
      }
    }

    private boolean isPoison(RequestEvent event) {
      return event.target().path().equals("/poison");
    }
  }

  private Tracker tracker(TrackAs trackAs, boolean withSpool) {
    Tracker.Builder builder =
        Requests.tracker(sink)
            .trackAs(trackAs)
            .batchAge(Duration.ofMillis(2)) // so that others pass all the time
            .windowRows(20)
            .windowAge(Duration.ofMillis(20))
            .autoThreshold(Duration.ofMillis(1))
            .closeTimeout(Duration.ZERO);
    return (withSpool ? builder.spool(directory) : builder).build();
  }

  private void serve(Tracker tracker, int times, int poisonEach) {
    for (int i = 0; i < times; i++) {
      int number = served.incrementAndGet();
      boolean isPoison = poisonEach > 0 && number % poisonEach == poisonEach - 1;
      if (isPoison) {
        poisoned.add(number);
      }
      Requests.serve(tracker, isPoison ? "/poison" : "/", 1);
    }
  }

  static List<Arguments> everyAnswerInEveryForm() {
    List<Arguments> all = new ArrayList<>();
    for (Answer answer : Answer.values()) {
      for (TrackAs trackAs : TrackAs.values()) {
        for (boolean withSpool : new boolean[] {false, true}) {
          all.add(Arguments.of(answer, trackAs, withSpool));
        }
      }
    }
    return all;
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "a sink that {0} for one, {1}, spool: {2}")
  @MethodSource("everyAnswerInEveryForm")
  void one_poisoned_request_is_set_aside_and_all_others_are_delivered(
      Answer answer, TrackAs trackAs, boolean withSpool) throws Exception {
    onlyThePoisonedAreSetAside(answer, trackAs, withSpool, 150, 150);
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "a sink that {0} for 1 %, {1}, spool: {2}")
  @MethodSource("everyAnswerInEveryForm")
  void where_one_in_a_hundred_is_poisoned_those_are_set_aside(
      Answer answer, TrackAs trackAs, boolean withSpool) throws Exception {
    onlyThePoisonedAreSetAside(answer, trackAs, withSpool, 400, 100);
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "a sink that {0} for 10 %, {1}, spool: {2}")
  @MethodSource("everyAnswerInEveryForm")
  void where_one_in_ten_is_poisoned_those_are_set_aside(
      Answer answer, TrackAs trackAs, boolean withSpool) throws Exception {
    onlyThePoisonedAreSetAside(answer, trackAs, withSpool, 200, 10);
  }

  private void onlyThePoisonedAreSetAside(
      Answer answer, TrackAs trackAs, boolean withSpool, int requests, int poisonEach)
      throws Exception {
    sink.answer = answer;
    try (Tracker tracker = tracker(trackAs, withSpool)) {
      serve(tracker, requests, poisonEach);
      // Only while others pass can anybody tell that it is them, and not the sink.
      await()
          .atMost(Requests.LONG)
          .pollInterval(Duration.ofMillis(2))
          .until(
              () -> {
                serve(tracker, 1, 0);
                return tracker.stats().ledger().droppedTotal() == poisoned.size();
              });
      Ledger ledger = tracker.flush(Requests.LONG);
      DropReason reason = answer == Answer.THROWS ? DropReason.DELIVERY_FAULT : DropReason.REFUSED;
      assertThat(ledger.dropped()).isEqualTo(Map.of(reason, (long) poisoned.size()));
      assertThat(ledger.delivered()).as("%s", ledger).isEqualTo(served.get() - poisoned.size());
    }
    Set<String> written = new HashSet<>(sink.written());
    assertThat(sink.written()).hasSameSizeAs(written).hasSize(served.get() - poisoned.size());
    assertThat(sink.tries.keySet()).hasSize(poisoned.size()).doesNotContainAnyElementsOf(written);
    assertThat(sink.tries.values()).allSatisfy(tries -> assertThat(tries.get()).isBetween(1, 10));
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "a sink that {0} for all, {1}, spool: {2}")
  @MethodSource("everyAnswerInEveryForm")
  void where_all_fail_alike_it_is_not_their_fault_and_nothing_is_set_aside(
      Answer answer, TrackAs trackAs, boolean withSpool) {
    sink.answer = answer;
    try (Tracker tracker = tracker(trackAs, withSpool)) {
      serve(tracker, 60, 1);
      await().atMost(Requests.LONG).until(() -> sink.failures.get() > 60);
      assertThat(tracker.stats().serverAway()).isTrue();
      assertThat(tracker.stats().ledger().dropped()).isEmpty();
      sink.isWell = true;
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
      assertThat(tracker.stats().serverAway()).isFalse();
    }
    assertThat(sink.written()).hasSize(60).doesNotHaveDuplicates();
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest
  @EnumSource(Answer.class)
  void good_requests_pass_behind_more_poisoned_ones_than_there_are_places(Answer answer) {
    sink.answer = answer;
    try (Tracker tracker = tracker(TrackAs.RUN, false)) {
      serve(tracker, 100, 1);
      serve(tracker, 20, 0);
      await().atMost(Requests.LONG).until(() -> tracker.stats().ledger().delivered() == 20);
    }
  }
}
