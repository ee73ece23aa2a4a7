// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.SleepingWaitStrategy;
import io.runtracker.spool.FailPoint;
import io.runtracker.spool.SegmentLog;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** The line from ring to sink, put together: capture, batcher, log, delivery. */
final class Pipeline {

  /** What waits looks again after these, longer each time. */
  private static final long SHORTEST_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private static final long LONGEST_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(16);

  private final RingBuffer<Slot> ring;
  private final Counts counts;
  private final Capture capture;
  private final Line line;
  private final Batcher batcher;
  private final RunSink sink;
  private final @Nullable Adoption adoption;
  private boolean closed;

  Pipeline(Settings settings, Hooks hooks, RunSink sink, Consumer<FailPoint> failPoints) {
    // The sleeping strategy is the one that never signals; its own way of waiting is not used.
    this.ring =
        RingBuffer.createMultiProducer(Slot::new, settings.ringSize(), new SleepingWaitStrategy());
    this.counts = new Counts(() -> ring.getCursor() + 1);
    this.sink = sink;
    String source = newSource();
    SpoolDirectory directory = spool(settings, failPoints);
    this.line = Line.of(directory, settings, settings.inFlight(), sink, source, counts, failPoints);
    RateLimitedLog warnings = new RateLimitedLog(LoggerFactory.getLogger(Tracker.class));
    RunNames names = new RunNames(hooks.naming(), warnings);
    this.batcher =
        new Batcher(
            ring,
            line.log(),
            line.delivery()::appended,
            new UrlRedactor(settings.redact()),
            names,
            counts,
            settings,
            failPoints);
    this.capture = new Capture(ring, counts, source, settings, hooks, batcher);
    this.adoption =
        directory != null && settings.spoolShared()
            ? new Adoption(directory, settings, sink, failPoints)
            : null;
    batcher.start();
    line.delivery().start();
    if (adoption != null) {
      adoption.start();
    }
  }

  private static @Nullable SpoolDirectory spool(Settings settings, Consumer<FailPoint> failPoints) {
    if (settings.spool() == null) {
      return null;
    }
    try {
      return SpoolDirectory.open(settings.spool(), settings, failPoints);
    } catch (IOException e) {
      throw new IllegalArgumentException("spool: " + e.getMessage(), e);
    }
  }

  /** 64 random bits: what makes the event ids of this tracker unlike those of any other. */
  static String newSource() {
    return HexFormat.of().toHexDigits(new SecureRandom().nextLong());
  }

  Capture capture() {
    return capture;
  }

  Ledger flush(Duration timeout) {
    return flushUntil(System.nanoTime() + timeout.toNanos());
  }

  private Ledger flushUntil(long deadline) {
    long target = ring.getCursor();
    batcher.hurry();
    if (await(() -> batcher.handedOver() >= target, deadline)) {
      long end = line.log().end();
      line.hurry(end);
      if (await(() -> line.journal().isSettledBelow(end), deadline)) {
        line.delivery().flushSink(deadline);
      }
    }
    return counts.ledger();
  }

  private static boolean await(BooleanSupplier condition, long deadline) {
    long pause = SHORTEST_POLL_NANOS;
    while (!condition.getAsBoolean()) {
      long left = deadline - System.nanoTime();
      if (left <= 0 || Thread.currentThread().isInterrupted()) {
        return false;
      }
      LockSupport.parkNanos(Math.min(pause, left));
      pause = Math.min(2 * pause, LONGEST_POLL_NANOS);
    }
    return true;
  }

  synchronized Ledger close(Duration timeout) {
    if (!closed) {
      closed = true;
      long deadline = System.nanoTime() + timeout.toNanos();
      capture.killOpenRequests(deadline);
      capture.close();
      try {
        batcher.stop(deadline);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      flushUntil(deadline);
      if (adoption != null) {
        adoption.close();
      }
      line.close();
      sink.close();
    }
    return counts.ledger();
  }

  TrackerStats stats() {
    SegmentLog disk = line.log().disk();
    return new TrackerStats(
        counts.ledger(),
        ring.getBufferSize(),
        ring.remainingCapacity(),
        line.log().live(),
        line.log().heapBytes(),
        disk == null ? 0 : disk.stats().bytes(),
        Duration.ofNanos(line.assembler().ageNanos()),
        line.delivery().retries(),
        capture.lateWrites(),
        line.delivery().isServerAway(),
        line.assembler().isWritingWindows(),
        adoption == null ? 0 : adoption.waiting(),
        line.delivery().lastError());
  }
}
