// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spool;

import static io.runtracker.spool.Spools.SMALL;
import static io.runtracker.spool.Spools.payload;
import static io.runtracker.spool.Spools.payloads;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.spool.SegmentLogOptions.Durability;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConcurrentUseTest {
  private static final int EVENTS = 2000;

  @TempDir Path directory;

  private final Set<Long> done = ConcurrentHashMap.newKeySet();

  @RepeatedTest(50)
  void eachEventIsDeliveredOnceWithItsRunIdWhileOthersAreAppended() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(9);
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      List<Future<Void>> running = new ArrayList<>();
      running.add(threads.submit(appender(log)));
      for (int i = 0; i < 8; i++) {
        running.add(threads.submit(deliverer(log)));
      }
      for (Future<Void> future : running) {
        future.get();
      }
      assertThat(done).hasSize(EVENTS);
      assertThat(log.stats().live()).isZero();
      assertThat(log.stats().lost()).isZero();
      log.commit();
      assertThat(Spools.segments(directory)).hasSize(1);
    } finally {
      threads.shutdownNow();
    }
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      assertThat(log.stats().live()).isZero();
      assertThat(log.stats().nextSequence()).isEqualTo(EVENTS + 1);
    }
  }

  private Callable<Void> appender(SegmentLog log) {
    return () -> {
      for (long next = 1; next <= EVENTS; ) {
        int n = (int) Math.min(EVENTS + 1 - next, 1 + next % 60);
        assertThat(log.append(payloads(next, n)).firstSequence()).isEqualTo(next);
        next += n;
      }
      return null;
    };
  }

  private Callable<Void> deliverer(SegmentLog log) {
    return () -> {
      while (done.size() < EVENTS) {
        SpooledEvent event = log.poll();
        if (event == null) {
          Thread.onSpinWait();
          continue;
        }
        deliver(log, event);
      }
      return null;
    };
  }

  private void deliver(SegmentLog log, SpooledEvent event) throws IOException {
    long sequence = event.sequence();
    assertThat(Arrays.equals(event.payload(), payload(sequence))).isTrue();
    if (event.runId() == null) {
      log.created(sequence, "run-" + sequence);
    } else {
      assertThat(event.runId()).isEqualTo("run-" + sequence);
    }
    if (ThreadLocalRandom.current().nextInt(10) == 0) {
      log.giveBack(sequence);
    } else {
      log.done(sequence);
      assertThat(done.add(sequence)).isTrue();
    }
  }

  /** A disk on which a sync takes until it is let go. */
  private static final class SlowSync {
    final CountDownLatch entered = new CountDownLatch(1);
    final CountDownLatch release = new CountDownLatch(1);

    void force() {
      entered.countDown();
      try {
        release.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Test
  void callersOfCreatedThatWaitTogetherShareOneSync() throws Exception {
    RecordingFileSystem disk = new RecordingFileSystem();
    SegmentLogOptions options = SMALL.withDurability(Durability.POWER);
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try (SegmentLog log = SegmentLog.open(directory, options, disk)) {
      log.append(payloads(1, 8));
      SlowSync slow = new SlowSync();
      disk.onForce = slow::force;
      disk.steps.clear();
      List<Future<?>> callers = new ArrayList<>();
      callers.add(threads.submit(() -> created(log, 1)));
      slow.entered.await();
      for (long sequence = 2; sequence <= 8; sequence++) {
        long s = sequence;
        callers.add(threads.submit(() -> created(log, s)));
      }
      await().atMost(Duration.ofSeconds(20)).until(() -> log.waiting() == 7);
      slow.release.countDown();
      for (Future<?> caller : callers) {
        caller.get();
      }
      assertThat(disk.count(RecordingFileSystem.Kind.FORCE)).isEqualTo(2);
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void readingDoesNotWaitForASyncInProgress() throws Exception {
    RecordingFileSystem disk = new RecordingFileSystem();
    SegmentLogOptions options = SMALL.withDurability(Durability.POWER);
    ExecutorService threads = Executors.newFixedThreadPool(1);
    try (SegmentLog log = SegmentLog.open(directory, options, disk)) {
      log.append(payloads(1, 8));
      SlowSync slow = new SlowSync();
      disk.onForce = slow::force;
      Future<?> append = threads.submit(() -> log.append(payloads(9, 8)));
      slow.entered.await();
      assertThat(Spools.pollSequences(log)).isEqualTo(Spools.range(1, 8));
      log.done(1);
      assertThat(log.stats().live()).isEqualTo(7);
      slow.release.countDown();
      append.get();
    } finally {
      threads.shutdownNow();
    }
  }

  private static Void created(SegmentLog log, long sequence) throws IOException {
    log.created(sequence, "run");
    return null;
  }
}
