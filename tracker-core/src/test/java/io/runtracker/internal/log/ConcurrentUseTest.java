// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import static io.runtracker.internal.log.Spools.SMALL;
import static io.runtracker.internal.log.Spools.groupOf;
import static io.runtracker.internal.log.Spools.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.internal.log.SegmentLogOptions.Durability;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
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

  /** One event in so many waits until all others are done, and so is carried. */
  private static final int STRAGGLER = 150;

  private final Set<Long> done = ConcurrentHashMap.newKeySet();
  private volatile boolean broken;
  private final Map<Long, byte[]> open = new ConcurrentHashMap<>();

  private static boolean isStraggler(long position) {
    return position % STRAGGLER == 1;
  }

  @RepeatedTest(50)
  void eachEventIsDeliveredOnceWhileOthersAreAppendedAndSomeWait() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(9);
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      log.snapshotFrom(() -> List.copyOf(open.values()));
      List<Future<Void>> running = new ArrayList<>();
      running.add(threads.submit(appender(log)));
      for (int i = 0; i < 8; i++) {
        running.add(threads.submit(deliverer(log)));
      }
      for (Future<Void> future : running) {
        future.get();
      }
      List<Long> waiting = Spools.range(1, EVENTS).stream().filter(p -> isStraggler(p)).toList();
      assertThat(done).hasSize(EVENTS - waiting.size());
      assertThat(log.live()).isEqualTo(Spools.positions(waiting));
      Map<Long, byte[]> found = Spools.read(log, log.live());
      assertThat(found.keySet()).containsExactlyElementsOf(waiting);
      found.forEach((position, bytes) -> assertThat(bytes).isEqualTo(payload(position)));
      Spools.done(log, log.live());
      assertThat(log.stats().live()).isZero();
      assertThat(log.stats().lost()).isZero();
      log.commit();
      assertThat(Spools.segments(directory)).hasSize(1);
    } finally {
      threads.shutdownNow();
    }
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      assertThat(log.stats().live()).isZero();
      assertThat(log.stats().next()).isEqualTo(EVENTS + 1);
    }
  }

  private Callable<Void> appender(SegmentLog log) {
    return () -> {
      for (long next = 1; next <= EVENTS; ) {
        int n = (int) Math.min(EVENTS + 1 - next, 1 + next % 60);
        assertThat(log.append(groupOf(next, n)).first()).isEqualTo(next);
        next += n;
      }
      return null;
    };
  }

  private Callable<Void> deliverer(SegmentLog log) {
    return () -> {
      while (!broken && done.size() < EVENTS - (EVENTS + STRAGGLER - 1) / STRAGGLER) {
        SpooledEvent event = log.next(0);
        if (event == null) {
          Thread.onSpinWait();
          continue;
        }
        boolean delivered = false;
        try {
          deliver(log, event);
          delivered = true;
        } finally {
          broken |= !delivered; // else the others wait for this one
        }
      }
      return null;
    };
  }

  private void deliver(SegmentLog log, SpooledEvent event) throws IOException {
    long position = event.position();
    assertThat(Arrays.equals(Spools.bytes(event), payload(position))).isTrue();
    byte[] control = ByteBuffer.allocate(8).putLong(position).array();
    open.put(position, control);
    log.control(control, position + 1);
    if (ThreadLocalRandom.current().nextInt(10) == 0) {
      assertThat(Spools.read(log, Positions.of(position)).get(position))
          .isEqualTo(payload(position));
    }
    if (!isStraggler(position)) {
      open.remove(position);
      log.done(Positions.of(position), new byte[] {1}, position + 1);
      assertThat(done.add(position)).isTrue();
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
  void callersOfControlThatWaitTogetherShareOneSync() throws Exception {
    RecordingFileSystem disk = new RecordingFileSystem();
    SegmentLogOptions options = SMALL.withDurability(Durability.POWER);
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try (SegmentLog log = SegmentLog.open(directory, options, disk)) {
      log.append(groupOf(1, 8));
      SlowSync slow = new SlowSync();
      disk.onForce = slow::force;
      disk.steps.clear();
      List<Future<?>> callers = new ArrayList<>();
      callers.add(threads.submit(() -> control(log, 1)));
      slow.entered.await();
      for (long position = 2; position <= 8; position++) {
        long p = position;
        callers.add(threads.submit(() -> control(log, p)));
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
      log.append(groupOf(1, 8));
      SlowSync slow = new SlowSync();
      disk.onForce = slow::force;
      Future<?> append = threads.submit(() -> log.append(groupOf(9, 8)));
      slow.entered.await();
      assertThat(Spools.readPositions(log)).isEqualTo(Spools.range(1, 8));
      Spools.done(log, 1);
      assertThat(log.stats().live()).isEqualTo(7);
      slow.release.countDown();
      append.get();
    } finally {
      threads.shutdownNow();
    }
  }

  private static Void control(SegmentLog log, long position) throws IOException {
    log.control(new byte[] {1}, position + 1);
    return null;
  }
}
