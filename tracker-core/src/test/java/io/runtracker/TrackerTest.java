// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.adapter.OpenRequest;
import io.runtracker.sink.RunSink;
import io.runtracker.sink.SinkException;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

class TrackerTest {

  private static SinkException away() {
    return new SinkException(SinkException.Kind.UNAVAILABLE, "away", null);
  }

  private final MemorySink sink = new MemorySink();

  static void assertAddsUp(Ledger ledger) {
    long before = 0;
    long after = 0;
    for (Map.Entry<DropReason, Long> dropped : ledger.dropped().entrySet()) {
      if (dropped.getKey().isAfterAcceptance()) {
        after += dropped.getValue();
      } else {
        before += dropped.getValue();
      }
    }
    assertThat(ledger.offered()).isEqualTo(ledger.accepted() + before);
    assertThat(ledger.accepted())
        .isEqualTo(ledger.delivered() + ledger.inFlight() + ledger.spooled() + after);
    assertThat(ledger.inFlight()).isNotNegative();
  }

  private static List<Thread> start(int count, Runnable work) {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Thread thread = new Thread(work);
      threads.add(thread);
      thread.start();
    }
    return threads;
  }

  private static void join(List<Thread> threads) throws InterruptedException {
    for (Thread thread : threads) {
      thread.join();
    }
  }

  @Test
  void flush_waits_until_all_that_was_accepted_is_delivered() {
    try (Tracker tracker = Requests.tracker(sink).build()) {
      Requests.serve(tracker, "/", 1000);
      Ledger ledger = tracker.flush(Requests.LONG);
      assertThat(ledger.delivered()).isEqualTo(1000);
      assertThat(ledger.isComplete()).isTrue();
    }
  }

  @Test
  void a_request_that_comes_after_a_long_silence_wakes_the_batcher() {
    try (Tracker tracker = Requests.tracker(sink).build()) {
      for (int i = 1; i <= 3; i++) {
        int requests = i;
        await().pollDelay(Duration.ofMillis(1_200)).until(() -> true); // it falls asleep after 1 s
        Requests.serve(tracker, "/", 1);
        await()
            .atMost(Duration.ofSeconds(5)) // it would wake by itself after ten
            .until(() -> tracker.stats().ledger().delivered() == requests);
      }
    }
  }

  @Test
  void flush_gives_up_at_its_deadline_and_does_not_call_that_complete() {
    sink.beforeCreate =
        event -> {
          throw away();
        };
    try (Tracker tracker = Requests.tracker(sink).closeTimeout(Duration.ZERO).build()) {
      Requests.serve(tracker, "/", 10);
      Ledger ledger = tracker.flush(Duration.ofMillis(50));
      assertThat(ledger.inFlight()).isEqualTo(10);
      assertThat(ledger.isComplete()).isFalse();
    }
  }

  @Test
  void close_delivers_what_was_accepted_and_closes_the_sink() {
    Tracker tracker = Requests.tracker(sink).build();
    Requests.serve(tracker, "/", 1000);
    assertThat(tracker.close(Requests.LONG).isComplete()).isTrue();
    assertThat(sink.completed()).hasSize(1000);
    assertThat(sink.closed).isTrue();
  }

  @Test
  void close_counts_what_its_deadline_cut_off() {
    sink.beforeCreate =
        event -> {
          throw away();
        };
    Tracker tracker = Requests.tracker(sink).build();
    Requests.serve(tracker, "/", 10);
    Ledger ledger = tracker.close(Duration.ofMillis(20));
    assertThat(ledger.dropped()).containsOnly(Map.entry(DropReason.SHUTDOWN, 10L));
    assertThat(ledger.inFlight()).isZero();
  }

  @Test
  void close_interrupts_calls_that_hang() {
    AtomicReference<Thread> caller = new AtomicReference<>();
    sink.beforeCreate =
        event -> {
          caller.set(Thread.currentThread());
          new CountDownLatch(1).await();
        };
    Tracker tracker = Requests.tracker(sink).build();
    Requests.serve(tracker, "/", 1);
    await().until(() -> caller.get() != null);
    tracker.close(Duration.ZERO);
    await().until(() -> !caller.get().isAlive());
  }

  @Test
  void a_second_close_returns_the_same_ledger() {
    Tracker tracker = Requests.tracker(sink).build();
    Requests.serve(tracker, "/", 3);
    assertThat(tracker.close(Requests.LONG)).isEqualTo(tracker.close(Requests.LONG));
  }

  @Test
  void a_request_that_the_close_left_alone_is_counted_when_it_ends() {
    Tracker tracker = Requests.tracker(sink).build();
    OpenRequest request = Requests.open(tracker, "/").excludeFromShutdown();
    tracker.close();
    request.end(200, null);
    assertThat(tracker.open("GET", Requests.target("/"))).isNull();
    assertThat(tracker.stats().ledger().dropped()).containsEntry(DropReason.CLOSED, 1L);
    assertAddsUp(tracker.stats().ledger());
  }

  @Test
  void skipped_paths_are_not_opened() {
    try (Tracker tracker = Requests.tracker(sink).build()) {
      assertThat(tracker.open("GET", Requests.target("/health"))).isNull();
      assertThat(tracker.open("GET", Requests.target("/docs"))).isNull();
      assertThat(tracker.open("GET", Requests.target("/openapi.json"))).isNull();
      assertThat(tracker.open("GET", Requests.target("/app/health"), "/health")).isNull();
    }
  }

  @Test
  void a_full_ring_drops_and_counts_and_never_blocks() {
    CountDownLatch release = new CountDownLatch(1);
    try (Tracker tracker =
        Requests.tracker(sink).ringSize(2).batchAge(Duration.ofDays(1)).build()) {
      Requests.serve(tracker, "/", 10_000);
      release.countDown();
      Ledger ledger = tracker.stats().ledger();
      assertThat(ledger.offered()).isEqualTo(10_000);
      assertThat(ledger.dropped()).containsKey(DropReason.RING_FULL);
      assertAddsUp(ledger);
    }
  }

  @Test
  void with_block_nothing_is_dropped_however_small_the_ring() {
    try (Tracker tracker = Requests.tracker(sink).ringSize(2).whenFull(WhenFull.BLOCK).build()) {
      Requests.serve(tracker, "/", 2_000);
      assertThat(tracker.flush(Requests.LONG).delivered()).isEqualTo(2_000);
    }
  }

  @Test
  void groups_wait_for_their_age_only_as_long_as_the_setting_says() {
    try (Tracker tracker = Requests.tracker(sink).batchAge(Duration.ofMillis(1)).build()) {
      Requests.serve(tracker, "/", 1);
      await().until(() -> sink.completed().size() == 1);
    }
  }

  @Test
  void a_group_is_handed_on_when_it_is_full_however_young() {
    try (Tracker tracker =
        Requests.tracker(sink).batchAge(Duration.ofDays(1)).batchSize(5).build()) {
      Requests.serve(tracker, "/", 12);
      await().until(() -> tracker.stats().ledger().delivered() == 10);
      assertThat(tracker.stats().ledger().inFlight()).isEqualTo(2);
    }
  }

  @Test
  void a_group_is_handed_on_when_it_is_large_however_few() {
    try (Tracker tracker =
        Requests.tracker(sink).batchAge(Duration.ofDays(1)).batchBytes(10_000).build()) {
      Requests.open(tracker, "/").text("big.txt", "x".repeat(10_000)).end(200, null);
      await().until(() -> sink.completed().size() == 1);
    }
  }

  @Test
  void the_ring_keeps_nothing_alive_once_it_is_delivered() {
    AtomicBoolean forget = new AtomicBoolean();
    WeakReference<?> content;
    try (Tracker tracker = Requests.tracker(new ForgetfulSink(forget)).build()) {
      String unique = "payload " + System.nanoTime();
      content = new WeakReference<>(unique);
      Requests.open(tracker, "/").tag("k", unique).end(200, null);
      unique = null;
      tracker.flush(Requests.LONG);
      await()
          .atMost(Requests.LONG)
          .until(
              () -> {
                System.gc();
                return content.get() == null;
              });
    }
  }

  @Test
  void secrets_are_gone_from_what_the_sink_is_given() {
    try (Tracker tracker = Requests.tracker(sink).build()) {
      tracker
          .open("GET", new RequestTarget("http", "h", 80, "/a", "token=secret&b=1"))
          .end(200, null);
      tracker.flush(Requests.LONG);
      assertThat(sink.only().target().url()).isEqualTo("http://h/a?token=[redacted]&b=1");
    }
  }

  @Test
  void a_closed_tracker_has_no_threads_left() {
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    Tracker tracker = Requests.tracker(sink).build();
    Requests.serve(tracker, "/", 100);
    tracker.close();
    await()
        .until(
            () ->
                Thread.getAllStackTraces().keySet().stream()
                    .allMatch(thread -> before.contains(thread) || !Requests.isOurs(thread)));
  }

  @RepeatedTest(5)
  void the_ledger_adds_up_at_any_moment() throws Exception {
    sink.beforeCreate =
        event -> {
          switch (ThreadLocalRandom.current().nextInt(20)) {
            case 0 -> throw new SinkException(SinkException.Kind.REFUSED, "refused", null);
            case 1 -> throw away();
            case 2 -> throw new SinkException(SinkException.Kind.UNKNOWN, "unknown", null);
            default -> {}
          }
        };
    try (Tracker tracker = Requests.tracker(sink).ringSize(64).queueSize(500).build()) {
      List<Thread> threads = start(4, () -> Requests.serve(tracker, "/", 2_000));
      while (threads.stream().anyMatch(Thread::isAlive)) {
        assertAddsUp(tracker.stats().ledger());
      }
      Ledger end = tracker.flush(Requests.LONG);
      assertAddsUp(end);
      assertThat(end.offered()).isEqualTo(8_000);
      assertThat(end.inFlight()).isZero();
      assertThat(sink.completed()).hasSize((int) end.delivered());
    }
  }

  @RepeatedTest(50)
  void requests_that_end_while_the_tracker_closes_are_all_accounted_for() throws Exception {
    Tracker tracker = Requests.tracker(sink).ringSize(1024).build();
    AtomicInteger ended = new AtomicInteger();
    AtomicBoolean stop = new AtomicBoolean();
    List<Thread> threads =
        start(
            4,
            () -> {
              while (!stop.get()) {
                OpenRequest request = tracker.open("GET", Requests.target("/"));
                if (request == null) {
                  return;
                }
                request.end(200, null);
                ended.incrementAndGet();
              }
            });
    await().until(() -> ended.get() > 200);
    tracker.close(Requests.LONG);
    stop.set(true);
    join(threads);

    Ledger ledger = tracker.stats().ledger();
    assertAddsUp(ledger);
    assertThat(ledger.offered()).isEqualTo(ended.get());
    assertThat(ledger.inFlight()).isZero();
    assertThat(sink.completed()).hasSize((int) ledger.delivered());
  }

  /** Keeps no event. */
  private record ForgetfulSink(AtomicBoolean unused) implements RunSink {
    @Override
    public String create(RequestEvent event) {
      return "run";
    }

    @Override
    public void complete(String runId, RequestEvent event) {}

    @Override
    public java.util.Optional<String> find(RequestEvent event) {
      return java.util.Optional.empty();
    }

    @Override
    public void close() {}
  }
}
