// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.internal.log.FailPoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Threads of the line that die have successors, which take up what those had in their hands. */
class DeadThreadTest {

  private static final String BATCHER = "runtracker-batcher";
  private static final String DELIVERY = "runtracker-delivery";
  private static final String ADOPTION = "runtracker-adoption";
  private static final int REQUESTS = 40;

  @TempDir Path directory;

  private final MemoryWindowSink sink = new MemoryWindowSink();
  private final CountDownLatch mayGoOn = new CountDownLatch(1);
  private final Map<String, Integer> deaths = new ConcurrentHashMap<>();

  static List<Arguments> everywhere() {
    List<Arguments> all = new ArrayList<>();
    for (TrackAs trackAs : TrackAs.values()) {
      all.add(Arguments.of(trackAs, true));
      all.add(Arguments.of(trackAs, false));
    }
    return all;
  }

  /** Nothing is delivered before it may. */
  private Tracker.Builder tracker(TrackAs trackAs, boolean withSpool) {
    sink.runs.beforeCreate = event -> mayGoOn.await();
    sink.beforeCreate = window -> mayGoOn.await();
    Tracker.Builder builder =
        Requests.tracker(sink)
            .trackAs(trackAs)
            .windowRows(10)
            .windowAge(Duration.ofMillis(20))
            .batchAge(Duration.ofMillis(50))
            .batchSize(30);
    return withSpool ? builder.spool(directory) : builder;
  }

  /** On the thread that is to die. */
  private void dieIfTold(FailPoint point) {
    String name = Thread.currentThread().getName();
    if (point == FailPoint.BEFORE_ROUND
        && deaths.computeIfPresent(name, (thread, left) -> left > 1 ? left - 1 : null) != null) {
      throw new StackOverflowError("told by the test");
    }
  }

  private void servesAll(Tracker tracker, Runnable harm) {
    Requests.serve(tracker, "/before", REQUESTS);
    await().atMost(Requests.LONG).until(() -> tracker.stats().queueSize() > 0);
    Requests.serve(tracker, "/before", REQUESTS / 4); // in the ring, or in a group that is not full
    harm.run();
    Requests.serve(tracker, "/after", REQUESTS);
    harm.run();
    mayGoOn.countDown();
    harm.run();
    int all = 2 * REQUESTS + REQUESTS / 4;
    Ledger ledger = tracker.flush(Requests.LONG);
    assertThat(ledger.isComplete()).as("%s", ledger).isTrue();
    assertThat(ledger.delivered()).isEqualTo(all);
    assertThat(written()).hasSize(all).doesNotHaveDuplicates();
  }

  private List<String> written() {
    return Stream.concat(
            sink.inWindows().stream(), MemoryWindowSink.ids(sink.runs.completed()).stream())
        .toList();
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("everywhere")
  void what_they_had_in_their_hands_is_delivered_once(TrackAs trackAs, boolean withSpool) {
    try (Logged logged = Logged.byTheTracker();
        Tracker tracker = tracker(trackAs, withSpool).failPoints(this::dieIfTold).build()) {
      servesAll(
          tracker,
          () -> {
            deaths.put(BATCHER, 2);
            deaths.put(DELIVERY, 2);
            await()
                .atMost(Requests.LONG)
                .until(
                    () -> {
                      tracker.flush(Duration.ofMillis(1));
                      return deaths.isEmpty();
                    });
          });
      assertThat(logged.messages())
          .contains("The thread " + BATCHER + " died and is begun anew")
          .contains("The thread " + DELIVERY + " died and is begun anew");
    }
  }

  @EnabledForJreRange(max = JRE.JAVA_19, disabledReason = "no thread can be stopped any more")
  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("everywhere")
  void what_they_had_in_their_hands_when_they_were_stopped_is_delivered_once(
      TrackAs trackAs, boolean withSpool) {
    try (Tracker tracker = tracker(trackAs, withSpool).build()) {
      servesAll(
          tracker,
          () -> {
            stop(BATCHER);
            stop(DELIVERY);
          });
    }
  }

  private void leaveTwoParts() {
    try (Tracker first = shared().build();
        Tracker second = shared().build()) {
      Requests.serve(first, "/", 10);
      Requests.serve(second, "/", REQUESTS);
    }
  }

  private void deliversAll(Tracker only) {
    mayGoOn.countDown();
    await()
        .atMost(Requests.LONG)
        .until(() -> only.flush(Duration.ofMillis(5)) != null && written().size() == REQUESTS + 10);
    assertThat(written()).doesNotHaveDuplicates();
  }

  @Test
  void the_one_that_delivers_what_other_processes_left_has_a_successor_too() {
    leaveTwoParts();
    deaths.put(ADOPTION, 2);
    try (Tracker only = shared().failPoints(this::dieIfTold).build()) {
      await().atMost(Requests.LONG).until(() -> only.stats().adopted() > 0);
      assertThat(deaths).isEmpty();
      deliversAll(only);
    }
  }

  @Test
  void what_it_could_not_give_back_is_given_back_when_the_tracker_is_closed() {
    leaveTwoParts();
    AtomicBoolean fails = new AtomicBoolean();
    Consumer<FailPoint> once =
        point -> {
          // What was taken is given back before the tracker's own spool is closed.
          boolean isClosing = Thread.currentThread().getName().equals("runtracker-closing");
          if (isClosing && point == FailPoint.BEFORE_WRITE && fails.getAndSet(false)) {
            throw new StackOverflowError("told by the test");
          }
        };
    try (Tracker cut = shared().failPoints(once).build()) {
      await().atMost(Requests.LONG).until(() -> cut.stats().adopted() > 0);
      fails.set(true);
    }
    assertThat(fails).isFalse();
    try (Tracker only = shared().build()) { // in the same process, which could not take it twice
      deliversAll(only);
    }
  }

  private Tracker.Builder shared() {
    return tracker(TrackAs.RUN, true).spoolShared(true).closeTimeout(Duration.ZERO);
  }

  /** One stop is a fault like any other; one in dealing with that kills. */
  private static void stop(String name) {
    Thread thread =
        Thread.getAllStackTraces().keySet().stream()
            .filter(each -> each.getName().equals(name))
            .findAny()
            .orElseThrow();
    await()
        .atMost(Requests.LONG)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(1))
        .until(
            () -> {
              if (thread.getState() == Thread.State.TIMED_WAITING) {
                Thread.class.getMethod("stop").invoke(thread);
              }
              return !thread.isAlive();
            });
  }
}
