// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.SleepingWaitStrategy;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.slf4j.LoggerFactory;

/** The line from ring to sink, put together: capture, batcher, backlog, delivery. */
final class Pipeline {

  /**
   * What waits looks again after these, longer each time: each look takes a lock that delivery
   * wants too.
   */
  private static final long SHORTEST_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private static final long LONGEST_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(16);

  private final RingBuffer<Slot> ring;
  private final Counts counts;
  private final Capture capture;
  private final Backlog backlog;
  private final Batcher batcher;
  private final Delivery delivery;
  private final RunSink sink;
  private boolean closed;

  Pipeline(Settings settings, Hooks hooks, RunSink sink) {
    // The sleeping strategy is the one that never signals; its own way of waiting is not used.
    this.ring =
        RingBuffer.createMultiProducer(Slot::new, settings.ringSize(), new SleepingWaitStrategy());
    this.counts = new Counts(() -> ring.getCursor() + 1);
    String source = newSource();
    this.backlog = openBacklog(settings, sink, source, counts);
    RunNames names =
        new RunNames(hooks.naming(), new RateLimitedLog(LoggerFactory.getLogger(Tracker.class)));
    CleanTargets targets = new CleanTargets(new UrlRedactor(settings.redact()));
    this.batcher = new Batcher(ring, backlog, targets, names, counts, settings);
    this.capture = new Capture(ring, counts, source, settings, hooks, batcher::countStragglers);
    this.sink = sink;
    this.delivery = new Delivery(backlog, sink, settings);
    batcher.start();
    delivery.start();
  }

  private static TrackAs trackAs(Settings settings, RunSink sink) {
    if (sink instanceof WindowSink) {
      return settings.trackAs();
    }
    if (settings.trackAs() == TrackAs.WINDOW) {
      throw new IllegalArgumentException(
          "trackAs is WINDOW, but " + sink.getClass().getName() + " is no WindowSink");
    }
    return TrackAs.RUN;
  }

  private static Supplier<WindowDraft> drafts(RunSink sink) {
    return sink instanceof WindowSink windows
        ? windows::newWindow
        : () -> {
          throw new IllegalStateException(sink.getClass().getName() + " is no WindowSink");
        };
  }

  private static Backlog openBacklog(
      Settings settings, RunSink sink, String source, Counts counts) {
    TrackAs trackAs = trackAs(settings, sink);
    Supplier<WindowDraft> drafts = drafts(sink);
    MemoryBacklog memory =
        new MemoryBacklog(
            settings,
            new WindowRouter(settings, trackAs, drafts, source, counts),
            DuplicateSweep.inMemory(settings.lookupDelay()),
            counts,
            new RateLimitedLog(LoggerFactory.getLogger(Tracker.class)));
    if (settings.spool() == null) {
      return memory;
    }
    try {
      return SpoolBacklog.open(settings.spool(), settings, memory, drafts, counts);
    } catch (IOException e) {
      throw new IllegalArgumentException("spool: " + e.getMessage(), e);
    }
  }

  /** 64 random bits: what makes the event ids of this tracker unlike those of any other. */
  private static String newSource() {
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
    if (await(() -> batcher.handedOver() >= target, deadline)
        && await(backlog.allSettled(), deadline)) {
      delivery.flushSink(deadline);
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
      delivery.stop();
      backlog.close();
      sink.close();
    }
    return counts.ledger();
  }

  TrackerStats stats() {
    return new TrackerStats(
        counts.ledger(),
        ring.getBufferSize(),
        ring.remainingCapacity(),
        backlog.size(),
        backlog.bytes(),
        backlog.spoolBytes(),
        backlog.oldestAge(),
        delivery.retries(),
        capture.lateWrites(),
        delivery.isServerAway(),
        backlog.isWritingWindows(),
        delivery.lastError());
  }
}
