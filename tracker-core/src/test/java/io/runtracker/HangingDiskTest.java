// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.internal.log.FailPoint;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** As {@link ClosingTest}, with a disk that hangs; each waits until the tracker gives up on it. */
@Tag("once")
class HangingDiskTest {

  @TempDir Path directory;

  private final MemoryWindowSink sink = new MemoryWindowSink();

  @AfterAll
  static void no_thread_of_ours_is_left() {
    await().until(() -> Thread.getAllStackTraces().keySet().stream().noneMatch(Requests::isOurs));
  }

  private Tracker.Builder tracker() {
    return Requests.tracker(sink)
        .trackAs(TrackAs.RUN)
        .windowAge(Duration.ofHours(1))
        .spool(directory);
  }

  private Tracker asSoonAsTheSpoolIsFree() {
    return await()
        .ignoreExceptionsInstanceOf(IllegalArgumentException.class)
        .until(() -> tracker().build(), tracker -> true);
  }

  @Execution(ExecutionMode.CONCURRENT)
  @Test
  void a_disk_that_hangs_keeps_nobody_from_closing_and_what_it_holds_is_delivered_later()
      throws Exception {
    CountDownLatch mayGoOn = new CountDownLatch(1);
    AtomicBoolean hangs = new AtomicBoolean();
    Tracker tracker =
        tracker()
            .failPoints(
                point -> {
                  if (point == FailPoint.BEFORE_WRITE && hangs.get()) {
                    ClosingTest.awaitWhateverComes(mayGoOn);
                  }
                })
            .build();
    Requests.serve(tracker, "/before", 3);
    assertThat(tracker.flush(Requests.LONG).delivered()).isEqualTo(3);
    hangs.set(true);
    Requests.serve(tracker, "/", 5);
    try (Logged logged = Logged.byTheTracker()) {
      Ledger ledger = tracker.close(Duration.ZERO);
      assertThat(ledger.accepted()).isEqualTo(8);
      assertThat(ledger.delivered() + ledger.inFlight()).isEqualTo(8);
      assertThat(logged.messages()).anyMatch(line -> line.contains("disk does not answer"));
    }
    mayGoOn.countDown();
    try (Tracker next = asSoonAsTheSpoolIsFree()) {
      next.flush(Requests.LONG);
    }
    assertThat(MemoryWindowSink.ids(sink.runs.created())).hasSize(8).doesNotHaveDuplicates();
  }

  @Execution(ExecutionMode.CONCURRENT)
  @Test
  void a_disk_that_fails_and_then_hangs_while_runs_come_back_keeps_nobody_from_closing() {
    CountDownLatch mayGoOn = new CountDownLatch(1);
    CountDownLatch mayComplete = new CountDownLatch(1);
    AtomicBoolean fails = new AtomicBoolean();
    AtomicBoolean hangs = new AtomicBoolean();
    AtomicBoolean isHung = new AtomicBoolean();
    MemorySink slow = new MemorySink();
    slow.beforeComplete =
        event -> {
          if (event.target().path().equals("/slow")) {
            mayComplete.await();
          }
        };
    Tracker tracker =
        Requests.tracker(slow)
            .trackAs(TrackAs.RUN)
            .inFlight(3)
            .spool(directory)
            .failPoints(
                point -> {
                  if (point == FailPoint.BEFORE_WRITE && fails.get()) {
                    HangingDiskTest.<RuntimeException>sneak(new IOException("told by the test"));
                  }
                  boolean isBatcher = Thread.currentThread().getName().equals("runtracker-batcher");
                  if (point == FailPoint.BEFORE_WRITE && hangs.get() && isBatcher) {
                    isHung.set(true);
                    ClosingTest.awaitWhateverComes(mayGoOn);
                  }
                })
            .build();
    Requests.serve(tracker, "/slow", 3);
    await().atMost(Requests.LONG).until(() -> slow.created().size() == 3);
    fails.set(true);
    Requests.serve(tracker, "/unwritten", 5);
    await()
        .atMost(Requests.LONG)
        .until(() -> tracker.stats().ledger().spooled() < tracker.stats().queueSize());
    hangs.set(true);
    fails.set(false);
    Requests.serve(tracker, "/later", 1);
    await().atMost(Requests.LONG).untilTrue(isHung);
    mayComplete.countDown();
    Thread closing = new Thread(() -> tracker.close(Duration.ZERO));
    closing.start();
    await().atMost(Duration.ofMinutes(1)).until(() -> !closing.isAlive());
    mayGoOn.countDown();
  }

  @SuppressWarnings("unchecked")
  private static <T extends Throwable> void sneak(Throwable any) throws T {
    throw (T) any;
  }
}
