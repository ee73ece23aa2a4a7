// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.adapter.OpenRequest;
import io.runtracker.internal.capture.OpenRequests;
import io.runtracker.sink.SinkException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of requests that are open when the tracker is closed. */
class ShutdownTest {

  private final MemorySink sink = new MemorySink();

  @Test
  void an_open_request_is_delivered_as_killed_with_what_its_handler_logged_until_then() {
    Tracker tracker = Requests.tracker(sink).build();
    OpenRequest request = Requests.open(tracker, "/long").route("/long").param("rows", 3);
    Ledger ledger = tracker.close(Requests.LONG);
    assertThat(ledger.isComplete()).isTrue();
    RequestEvent event = sink.only();
    assertThat(event.status()).isEqualTo(RunStatus.KILLED);
    assertThat(event.statusCode()).isZero();
    assertThat(event.errorType()).isNull();
    assertThat(event.route()).isEqualTo("/long");
    assertThat(event.params()).containsEntry("rows", "3");
    assertThat(event.durationNanos()).isPositive();
    assertThat(request.isEnded()).isTrue();
  }

  @Test
  void a_handler_that_ends_after_that_is_late_and_no_second_event() {
    Tracker tracker = Requests.tracker(sink).build();
    OpenRequest request = Requests.open(tracker, "/long");
    tracker.close(Requests.LONG);
    assertThat(request.end(200, null)).isFalse();
    assertThat(sink.only().status()).isEqualTo(RunStatus.KILLED);
    assertThat(tracker.stats().ignoredWrites()).isEqualTo(1);
    assertThat(tracker.stats().ledger().offered()).isEqualTo(1);
  }

  @Test
  void stats_say_how_many_requests_are_open() {
    try (Tracker tracker = Requests.tracker(sink).build()) {
      int many = 2 * OpenRequests.STRIPES * OpenRequests.SLOTS_PER_STRIPE;
      List<OpenRequest> open = new ArrayList<>();
      for (int i = 0; i < many; i++) {
        open.add(Requests.open(tracker, "/" + i));
      }
      assertThat(tracker.stats().open()).isEqualTo(many);
      open.forEach(request -> request.end(200, null));
      assertThat(tracker.stats().open()).isZero();
    }
  }

  @Test
  void a_request_that_had_ended_or_was_dropped_is_not_killed() {
    Tracker tracker = Requests.tracker(sink).build();
    Requests.open(tracker, "/ended").end(200, null);
    Requests.open(tracker, "/dropped").drop();
    tracker.close(Requests.LONG);
    assertThat(sink.only().status()).isEqualTo(RunStatus.FINISHED);
  }

  @Test
  void a_request_that_may_never_end_is_left_alone() {
    Tracker tracker = Requests.tracker(sink).build();
    Requests.open(tracker, "/").excludeFromShutdown();
    assertThat(tracker.close(Requests.LONG).offered()).isZero();
  }

  @Test
  void more_open_requests_than_the_ring_and_the_table_hold_are_all_killed() {
    int many = 2 * OpenRequests.STRIPES * OpenRequests.SLOTS_PER_STRIPE;
    Tracker tracker = Requests.tracker(sink).ringSize(16).build();
    List<OpenRequest> open = new ArrayList<>();
    for (int i = 0; i < many; i++) {
      open.add(Requests.open(tracker, "/" + i));
    }
    assertThat(open.remove(0).end(200, null)).isTrue();
    assertThat(open.remove(open.size() - 1).end(200, null)).isTrue();
    tracker.close(Requests.LONG);
    assertThat(sink.completed()).hasSize(many);
    assertThat(sink.completed()).filteredOn(e -> e.status() == RunStatus.KILLED).hasSize(many - 2);
  }

  @Test
  void a_tracker_that_is_closed_opens_no_request() {
    Tracker tracker = Requests.tracker(sink).build();
    tracker.close(Requests.LONG);
    assertThat(tracker.open("GET", Requests.target("/"))).isNull();
  }

  @Test
  void killed_requests_wait_in_the_spool_when_the_server_is_away(@TempDir Path directory) {
    sink.beforeCreate =
        event -> {
          throw new SinkException(SinkException.Kind.UNAVAILABLE, "away", null);
        };
    Tracker first = Requests.tracker(sink).spool(directory).build();
    Requests.open(first, "/long");
    assertThat(first.close(Duration.ofMillis(200)).spooled()).isEqualTo(1);

    sink.beforeCreate = event -> {};
    try (Tracker second = Requests.tracker(sink).spool(directory).build()) {
      second.flush(Requests.LONG);
      assertThat(sink.only().status()).isEqualTo(RunStatus.KILLED);
    }
  }

  @RepeatedTest(50)
  void requests_that_end_while_the_tracker_closes_are_recorded_once() throws Exception {
    Tracker tracker = Requests.tracker(sink).build();
    AtomicInteger ended = new AtomicInteger();
    AtomicInteger late = new AtomicInteger();
    CountDownLatch served = new CountDownLatch(4 * 50);
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      Thread thread =
          new Thread(
              () -> {
                OpenRequest request;
                while ((request = tracker.open("GET", Requests.target("/"))) != null) {
                  (request.end(200, null) ? ended : late).incrementAndGet();
                  served.countDown();
                }
              });
      threads.add(thread);
      thread.start();
    }
    served.await();
    tracker.close(Requests.LONG);
    for (Thread thread : threads) {
      thread.join();
    }
    Ledger ledger = tracker.stats().ledger();
    TrackerTest.assertAddsUp(ledger);
    assertThat(ledger.offered()).isEqualTo(ended.get() + late.get());
    assertThat(tracker.stats().ignoredWrites()).isEqualTo(late.get());
    assertThat(sink.completed().stream().map(RequestEvent::eventId)).doesNotHaveDuplicates();
    assertThat(sink.completed()).hasSize((int) ledger.delivered());
  }
}
