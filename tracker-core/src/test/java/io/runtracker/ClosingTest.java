// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.runtracker.sink.RunSink;
import io.runtracker.sink.SinkException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Closing loses nothing that can be kept, whoever does it, and however. */
class ClosingTest {

  private static final int REQUESTS = 500;

  @TempDir Path directory;

  private final MemoryWindowSink sink = new MemoryWindowSink();

  @AfterEach
  void no_thread_of_ours_is_left() {
    await().until(() -> Thread.getAllStackTraces().keySet().stream().noneMatch(Requests::isOurs));
  }

  private Tracker.Builder tracker(TrackAs trackAs) {
    return Requests.tracker(sink).trackAs(trackAs).windowAge(Duration.ofHours(1));
  }

  @ParameterizedTest
  @EnumSource(TrackAs.class)
  void a_thread_that_was_interrupted_closes_as_any_other(TrackAs trackAs) {
    sink.runs.beforeCreate = event -> TimeUnit.MILLISECONDS.sleep(1);
    Tracker tracker = tracker(trackAs).build();
    Requests.serve(tracker, "/", REQUESTS);
    Thread.currentThread().interrupt();
    Ledger ledger = tracker.close(Requests.LONG);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(ledger.delivered()).isEqualTo(REQUESTS);
    assertThat(tracker.stats().ledger()).isEqualTo(ledger);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_close_that_is_interrupted_again_and_again_ends_as_any_other(boolean withSpool)
      throws Exception {
    sink.runs.beforeCreate = event -> TimeUnit.MILLISECONDS.sleep(1);
    Tracker.Builder builder = tracker(TrackAs.RUN);
    Tracker tracker = (withSpool ? builder.spool(directory) : builder).build();
    Requests.serve(tracker, "/", REQUESTS);
    AtomicReference<Ledger> ledger = new AtomicReference<>();
    Thread closing = new Thread(() -> ledger.set(tracker.close(Requests.LONG)));
    closing.start();
    while (closing.isAlive()) {
      closing.interrupt();
      closing.join(1);
    }
    assertThat(ledger.get().accepted()).isEqualTo(REQUESTS);
    assertThat(ledger.get().delivered() + ledger.get().spooled()).isEqualTo(REQUESTS);
    assertThat(tracker.stats().ledger()).isEqualTo(ledger.get());
  }

  @Test
  void with_a_spool_it_ends_as_soon_as_all_is_safe_and_the_next_one_delivers_the_rest() {
    sink.runs.beforeCreate = event -> new CountDownLatch(1).await();
    Tracker tracker = tracker(TrackAs.RUN).spool(directory).build();
    Requests.serve(tracker, "/", REQUESTS);
    Ledger ledger = tracker.close(Duration.ofDays(1));
    assertThat(ledger.spooled()).isEqualTo(REQUESTS);
    assertThat(ledger.dropped()).isEmpty();
    sink.runs.beforeCreate = event -> {};
    try (Tracker next = tracker(TrackAs.RUN).spool(directory).build()) {
      assertThat(next.flush(Requests.LONG).delivered()).isEqualTo(REQUESTS);
    }
    assertThat(sink.runs.completed()).hasSize(REQUESTS);
  }

  @Test
  void two_threads_that_close_get_the_same_final_ledger() throws Exception {
    sink.runs.beforeCreate = event -> TimeUnit.MILLISECONDS.sleep(1);
    Tracker tracker = tracker(TrackAs.RUN).build();
    Requests.serve(tracker, "/", REQUESTS);
    CompletableFuture<Ledger> other =
        CompletableFuture.supplyAsync(() -> tracker.close(Requests.LONG));
    Ledger ledger = tracker.close(Requests.LONG);
    assertThat(ledger.delivered()).isEqualTo(REQUESTS);
    assertThat(other.get(30, TimeUnit.SECONDS)).isEqualTo(ledger);
  }

  @Test
  void threads_that_wait_for_room_are_let_go_and_what_they_bring_is_counted() throws Exception {
    sink.runs.beforeCreate = event -> new CountDownLatch(1).await();
    Tracker tracker =
        tracker(TrackAs.RUN).ringSize(2).queueSize(1).whenFull(WhenFull.BLOCK).build();
    Thread[] serving = new Thread[8];
    for (int i = 0; i < serving.length; i++) {
      serving[i] = new Thread(() -> Requests.serve(tracker, "/", 50));
      serving[i].start();
    }
    tracker.close(Duration.ZERO);
    for (Thread thread : serving) {
      thread.join(TimeUnit.SECONDS.toMillis(30));
      assertThat(thread.isAlive()).isFalse();
    }
    Ledger ledger = tracker.stats().ledger();
    assertThat(ledger.inFlight()).isZero();
    assertThat(ledger.delivered() + ledger.droppedTotal()).isEqualTo(ledger.offered());
  }

  private Tracker trackerWithAFullRingThatNobodyEmpties(CountDownLatch mayGoOn) {
    Tracker tracker =
        tracker(TrackAs.RUN)
            .ringSize(2)
            .whenFull(WhenFull.BLOCK)
            .failPoints(
                point -> {
                  if (Thread.currentThread().getName().equals("runtracker-batcher")) {
                    awaitWhateverComes(mayGoOn);
                  }
                })
            .build();
    Requests.serve(tracker, "/in-the-ring", 2);
    return tracker;
  }

  @Test
  void a_thread_that_is_interrupted_waits_for_a_slot_as_any_other_and_stays_interrupted()
      throws Exception {
    CountDownLatch mayGoOn = new CountDownLatch(1);
    AtomicBoolean isInterruptedBehind = new AtomicBoolean();
    try (Tracker tracker = trackerWithAFullRingThatNobodyEmpties(mayGoOn)) {
      Thread serving =
          new Thread(
              () -> {
                Thread.currentThread().interrupt();
                Requests.serve(tracker, "/waits", 1);
                isInterruptedBehind.set(Thread.currentThread().isInterrupted());
              });
      serving.start();
      await().atMost(Requests.LONG).until(() -> serving.getState() == Thread.State.TIMED_WAITING);
      mayGoOn.countDown();
      serving.join();
      assertThat(tracker.flush(Requests.LONG).delivered()).isEqualTo(3);
    }
    assertThat(isInterruptedBehind).isTrue();
  }

  @Test
  void threads_that_wait_for_a_slot_are_let_go_though_nobody_empties_the_ring() throws Exception {
    CountDownLatch mayGoOn = new CountDownLatch(1);
    Tracker tracker = trackerWithAFullRingThatNobodyEmpties(mayGoOn);
    Thread[] serving = new Thread[4];
    for (int i = 0; i < serving.length; i++) {
      serving[i] = new Thread(() -> Requests.serve(tracker, "/waits", 1));
      serving[i].start();
    }
    for (Thread thread : serving) {
      await().atMost(Requests.LONG).until(() -> thread.getState() == Thread.State.TIMED_WAITING);
    }
    assertThat(tracker.stats().ringRemaining()).isZero(); // and not less, for those that wait
    CompletableFuture<Ledger> closing =
        CompletableFuture.supplyAsync(() -> tracker.close(Duration.ZERO));
    for (Thread thread : serving) {
      thread.join(Requests.LONG.toMillis());
      assertThat(thread.isAlive()).isFalse();
    }
    mayGoOn.countDown();
    Ledger ledger = closing.get(30, TimeUnit.SECONDS);
    assertThat(ledger.accepted()).isEqualTo(2);
    assertThat(ledger.dropped()).containsEntry(DropReason.RING_FULL, 4L);
    assertThat(ledger.inFlight()).isZero();
    assertThat(tracker.stats().open()).isZero();
    assertThat(tracker.stats().ringRemaining()).isEqualTo(2);
  }

  @Test
  void a_tracker_that_was_just_built_closes() {
    for (int i = 0; i < 20; i++) {
      assertThat(tracker(TrackAs.AUTO).build().close(Duration.ZERO).offered()).isZero();
    }
  }

  @Test
  void a_tracker_that_cannot_be_built_leaves_nothing_open() {
    MemorySink runsOnly = new MemorySink();
    Tracker.Builder impossible =
        Requests.tracker(runsOnly).trackAs(TrackAs.WINDOW).spool(directory);
    assertThatThrownBy(impossible::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("trackAs");
    assertThat(runsOnly.closed).isTrue();
    try (Tracker tracker = tracker(TrackAs.RUN).spool(directory).build()) {
      assertThat(tracker.isEnabled()).isTrue(); // nobody holds the directory
    }
  }

  @Test
  void a_setting_that_cannot_be_used_does_not_leave_the_sink_open() {
    MemorySink given = new MemorySink();
    Tracker.Builder impossible = Requests.tracker(given).ringSize(3);
    assertThatThrownBy(impossible::build)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("ringSize");
    assertThat(given.closed).isTrue();
  }

  @Test
  void a_spool_that_is_in_use_does_not_leave_the_sink_open() {
    MemorySink given = new MemorySink();
    try (Tracker first = tracker(TrackAs.RUN).spool(directory).build()) {
      assertThatThrownBy(() -> Requests.tracker(given).spool(directory).build())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("spool");
      assertThat(first.isEnabled()).isTrue();
    }
    assertThat(given.closed).isTrue();
  }

  @Test
  void a_sink_that_fails_to_close_changes_nothing() {
    MemorySink unwilling = new MemorySink();
    Tracker tracker = Requests.tracker(new SinkThatFailsToClose(unwilling)).build();
    Requests.serve(tracker, "/", 5);
    assertThat(tracker.close(Requests.LONG).delivered()).isEqualTo(5);
  }

  private record SinkThatFailsToClose(MemorySink sink) implements RunSink {
    @Override
    public String create(RequestEvent event) throws SinkException, InterruptedException {
      return sink.create(event);
    }

    @Override
    public void complete(String runId, RequestEvent event)
        throws SinkException, InterruptedException {
      sink.complete(runId, event);
    }

    @Override
    public java.util.Optional<String> find(RequestEvent event) {
      return sink.find(event);
    }

    @Override
    public void close() {
      throw new IllegalStateException("told by the test");
    }
  }

  @Test
  void the_last_line_of_the_log_says_what_became_of_what() {
    try (Logged logged = Logged.byTheTracker()) {
      sink.runs.beforeCreate =
          event -> {
            if (!event.target().path().equals("/good")) {
              new CountDownLatch(1).await();
            }
          };
      Tracker tracker = tracker(TrackAs.RUN).build();
      Requests.serve(tracker, "/good", 3);
      tracker.flush(Requests.LONG);
      Requests.serve(tracker, "/", 2);
      tracker.close(Duration.ZERO);
      assertThat(logged.messages())
          .last()
          .isEqualTo(
              "Tracking has ended: of 5 requests 3 are delivered to "
                  + sink
                  + ", 0 wait in the spool, dropped are {SHUTDOWN=2}; a spool, or a longer"
                  + " closeTimeout, would have kept them");
    }
  }

  @Test
  void an_interrupt_does_not_cut_short_what_the_sink_writes_last() throws Exception {
    SinkThatFlushes slow = new SinkThatFlushes();
    Tracker tracker = Requests.tracker(slow).build();
    Requests.serve(tracker, "/", 1);
    Thread closing = new Thread(() -> tracker.close(Requests.LONG));
    closing.start();
    slow.begun.await();
    closing.interrupt();
    closing.join(50); // it goes on waiting
    slow.mayEnd.countDown();
    closing.join();
    assertThat(slow.isFlushed).isTrue();
  }

  @Test
  void a_flush_that_heeds_no_interrupt_takes_one_sender_however_often_it_is_asked_for() {
    DeafSink deaf = new DeafSink();
    try (Tracker tracker = Requests.tracker(deaf).closeTimeout(Duration.ofMillis(1)).build()) {
      Requests.serve(tracker, "/", 1);
      tracker.flush(Duration.ofMillis(500));
      for (int i = 0; i < 3; i++) {
        tracker.flush(Duration.ofMillis(5));
      }
      assertThat(deaf.begun.get()).isOne();
      deaf.mayEnd.countDown();
      tracker.flush(Requests.LONG);
      assertThat(deaf.begun.get()).isEqualTo(2);
    } finally {
      deaf.mayEnd.countDown();
    }
  }

  private static final class DeafSink extends MemorySink {
    private final AtomicInteger begun = new AtomicInteger();
    private final CountDownLatch mayEnd = new CountDownLatch(1);

    @Override
    public void flush() {
      begun.incrementAndGet();
      awaitWhateverComes(mayEnd);
    }
  }

  private static final class SinkThatFlushes extends MemorySink {
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch mayEnd = new CountDownLatch(1);
    private volatile boolean isFlushed;

    @Override
    public void flush() throws InterruptedException {
      begun.countDown();
      mayEnd.await();
      isFlushed = true;
    }
  }

  @Test
  void a_timeout_longer_than_time_is_long_and_one_of_nothing_changes_nothing() {
    Tracker tracker = tracker(TrackAs.RUN).build();
    Requests.serve(tracker, "/", 3);
    assertThatThrownBy(() -> tracker.close(null)).isInstanceOf(NullPointerException.class);
    Duration forever = ChronoUnit.FOREVER.getDuration();
    assertThat(tracker.flush(forever).delivered()).isEqualTo(3);
    assertThat(tracker.close(forever).delivered()).isEqualTo(3);
  }

  static void awaitWhateverComes(CountDownLatch latch) {
    boolean isOver = false;
    while (!isOver) {
      try {
        latch.await();
        isOver = true;
      } catch (InterruptedException e) {
        // no disk hears that
      }
    }
  }

  @Test
  void a_tracker_that_is_built_while_the_jvm_ends_leaves_nothing_open() throws Exception {
    Process jvm =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-cp",
                System.getProperty("java.class.path"),
                BuildsLate.class.getName(),
                directory.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(jvm.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(jvm.waitFor()).isZero();
    assertThat(said)
        .contains("java.lang.IllegalStateException: Shutdown in progress")
        .contains("threads of ours: 0")
        .contains("the spool is free");
  }

  /** Builds a tracker in a hook of its JVM's end. */
  static final class BuildsLate {
    public static void main(String[] args) {
      Path spool = Path.of(args[0]);
      Runtime.getRuntime().addShutdownHook(new Thread(() -> build(spool)));
    }

    private static void build(Path spool) {
      try {
        Requests.tracker(new MemorySink()).spool(spool).shutdownHook(true).build();
      } catch (IllegalStateException tooLate) {
        System.out.println(tooLate);
      }
      long threads = Thread.getAllStackTraces().keySet().stream().filter(Requests::isOurs).count();
      System.out.println("threads of ours: " + threads);
      Requests.tracker(new MemorySink()).spool(spool).shutdownHook(false).build();
      System.out.println("the spool is free");
    }
  }
}
