// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static io.runtracker.sink.SinkException.Kind.FAILED;
import static io.runtracker.sink.SinkException.Kind.REFUSED;
import static io.runtracker.sink.SinkException.Kind.UNAUTHORIZED;
import static io.runtracker.sink.SinkException.Kind.UNAVAILABLE;
import static io.runtracker.sink.SinkException.Kind.UNKNOWN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.sink.SinkException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DeliveryTest {

  private final MemorySink sink = new MemorySink();
  private final Tracker tracker = Requests.tracker(sink).build();

  @AfterEach
  void close() {
    tracker.close(Duration.ZERO);
  }

  private static SinkException failure(SinkException.Kind kind) {
    return new SinkException(kind, "told by the test", null);
  }

  /** Strikes the first so many calls. */
  private static MemorySink.Fault times(int times, SinkException.Kind kind) {
    AtomicInteger left = new AtomicInteger(times);
    return event -> {
      if (left.getAndDecrement() > 0) {
        throw failure(kind);
      }
    };
  }

  private static MemorySink.Fault always(String path, SinkException.Kind kind) {
    return event -> {
      if (event.target().path().equals(path)) {
        throw failure(kind);
      }
    };
  }

  /** Others pass meanwhile, so that it is known not to be the sink. */
  private void serveOthersUntilDropped(DropReason reason) {
    Requests.serveOthersUntilDropped(tracker, 1);
    assertThat(tracker.stats().ledger().dropped()).containsOnlyKeys(reason);
  }

  @ParameterizedTest
  @EnumSource(
      value = SinkException.Kind.class,
      names = {"UNAVAILABLE", "UNKNOWN", "FAILED", "UNAUTHORIZED"})
  void what_may_pass_later_is_tried_until_it_passes(SinkException.Kind kind) {
    sink.beforeCreate = times(5, kind);
    Requests.serve(tracker, "/", 3);
    assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
    assertThat(sink.completed()).hasSize(3);
    assertThat(tracker.stats().retries()).isGreaterThanOrEqualTo(5);
  }

  @Test
  void a_run_whose_completion_failed_is_completed_and_not_created_again() {
    sink.beforeComplete = times(4, UNKNOWN);
    Requests.serve(tracker, "/", 2);
    assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
    assertThat(sink.created()).hasSize(2);
  }

  @Test
  void a_create_without_an_answer_is_looked_up_and_not_repeated() {
    sink.afterCreate = times(3, UNKNOWN);
    Requests.serve(tracker, "/", 10);
    assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
    assertThat(sink.created()).hasSize(10);
  }

  @Test
  void a_create_that_never_arrived_is_repeated_after_the_look_up() {
    sink.beforeCreate = times(1, UNKNOWN);
    Requests.serve(tracker, "/", 1);
    assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
    assertThat(sink.createCalls).hasValue(2);
  }

  @Test
  void what_is_refused_is_set_aside_with_a_reason_and_the_rest_go_on() {
    sink.beforeCreate = always("/poison", REFUSED);
    Requests.serve(tracker, "/poison", 1);
    serveOthersUntilDropped(DropReason.REFUSED);
    Ledger ledger = tracker.flush(Requests.LONG);
    assertThat(ledger.delivered()).isEqualTo(ledger.accepted() - 1);
    assertThat(ledger.dropped()).containsOnly(java.util.Map.entry(DropReason.REFUSED, 1L));
    assertThat(tracker.stats().lastError()).contains("told by the test");
  }

  @Test
  void an_event_on_which_the_server_always_fails_does_not_hold_up_the_others() {
    sink.beforeCreate = always("/poison", FAILED);
    Requests.serve(tracker, "/poison", 1);
    Requests.serve(tracker, "/", 20);
    await().until(() -> tracker.stats().ledger().delivered() == 20);
  }

  @Test
  void an_event_on_which_the_server_always_fails_is_set_aside_once_others_have_passed() {
    sink.beforeCreate = always("/poison", FAILED);
    Requests.serve(tracker, "/poison", 1);
    serveOthersUntilDropped(DropReason.REFUSED);
  }

  @Test
  void an_event_that_fails_alone_is_kept_because_the_fault_may_be_the_servers() {
    sink.beforeCreate = always("/", FAILED);
    Requests.serve(tracker, "/", 1);
    await().until(() -> sink.createCalls.get() > 12);
    assertThat(tracker.stats().ledger().dropped()).isEmpty();
  }

  @Test
  void a_sink_that_throws_what_it_must_not_loses_only_that_event() {
    sink.beforeComplete =
        event -> {
          if (event.target().path().equals("/poison")) {
            throw new StackOverflowError("told by the test");
          }
        };
    Requests.serve(tracker, "/poison", 1);
    serveOthersUntilDropped(DropReason.DELIVERY_FAULT);
    Ledger ledger = tracker.flush(Requests.LONG);
    assertThat(ledger.delivered()).isEqualTo(ledger.offered() - 1);
  }

  @Test
  void refused_credentials_pause_delivery_and_lose_nothing() {
    AtomicBoolean mended = new AtomicBoolean();
    sink.beforeCreate =
        event -> {
          if (!mended.get()) {
            throw failure(UNAUTHORIZED);
          }
        };
    Requests.serve(tracker, "/", 30);
    await().until(() -> tracker.stats().serverAway());
    mended.set(true);
    assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
    assertThat(tracker.stats().serverAway()).isFalse();
  }

  @Test
  void while_the_server_is_away_one_call_at_a_time_asks_after_it() {
    AtomicInteger underWay = new AtomicInteger();
    Set<Integer> seenTogether = ConcurrentHashMap.newKeySet();
    AtomicInteger calls = new AtomicInteger();
    sink.beforeCreate =
        event -> {
          if (calls.incrementAndGet() > 12) { // those may be under way when the first one fails
            seenTogether.add(underWay.incrementAndGet());
            java.util.concurrent.TimeUnit.MILLISECONDS.sleep(1);
            underWay.decrementAndGet();
          }
          throw failure(UNAVAILABLE);
        };
    Requests.serve(tracker, "/", 50);
    await().until(() -> calls.get() > 30);
    assertThat(seenTogether).containsOnly(1);
  }

  @Test
  void as_many_runs_are_under_way_as_the_setting_says_and_no_more() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    AtomicInteger underWay = new AtomicInteger();
    sink.beforeCreate =
        event -> {
          underWay.incrementAndGet();
          release.await();
        };
    Requests.serve(tracker, "/", 50);
    await().until(() -> underWay.get() == 12);
    assertThat(tracker.stats().queueSize()).isEqualTo(50);
    release.countDown();
    assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
  }

  @Test
  void every_run_carries_an_event_id_of_its_own() {
    Requests.serve(tracker, "/", 100);
    tracker.flush(Requests.LONG);
    Set<String> ids = new HashSet<>();
    sink.completed().forEach(event -> ids.add(event.eventId()));
    assertThat(ids).hasSize(100);
  }

  @Test
  void a_flush_has_the_sink_write_what_it_held_back_once_all_is_delivered() {
    List<Integer> deliveredBefore = new CopyOnWriteArrayList<>();
    sink.flush = () -> deliveredBefore.add(sink.completed().size());
    Requests.serve(tracker, "/", 10);
    tracker.flush(Requests.LONG);
    Requests.serve(tracker, "/", 10);
    tracker.close(Requests.LONG);
    assertThat(deliveredBefore).containsExactly(10, 20);
  }

  @Test
  void a_sink_that_hangs_in_its_flush_is_interrupted_at_the_deadline() {
    AtomicBoolean interrupted = new AtomicBoolean();
    sink.flush =
        () -> {
          try {
            new CountDownLatch(1).await();
          } catch (InterruptedException e) {
            interrupted.set(true);
            throw e;
          }
        };
    Requests.serve(tracker, "/", 1);
    assertThat(tracker.flush(Duration.ofSeconds(1)).isComplete()).isTrue();
    await().untilTrue(interrupted);
  }

  @Test
  void a_sink_that_fails_in_its_flush_changes_no_ledger() {
    sink.flush =
        () -> {
          throw new SinkException(SinkException.Kind.UNAVAILABLE, "away", null);
        };
    Requests.serve(tracker, "/", 1);
    assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
  }

  @Test
  void a_flush_after_the_close_says_what_the_ledger_says() {
    Requests.serve(tracker, "/", 1);
    Ledger ledger = tracker.close(Requests.LONG);
    assertThat(tracker.flush(Requests.LONG)).isEqualTo(ledger);
  }
}
