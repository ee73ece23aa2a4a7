// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.pipeline;

import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.SleepingWaitStrategy;
import io.runtracker.DropReason;
import io.runtracker.Ledger;
import io.runtracker.TrackerStats;
import io.runtracker.internal.batch.Batcher;
import io.runtracker.internal.batch.RunNames;
import io.runtracker.internal.capture.Capture;
import io.runtracker.internal.capture.RingBytes;
import io.runtracker.internal.capture.RingSlot;
import io.runtracker.internal.config.Settings;
import io.runtracker.internal.config.UserCallbacks;
import io.runtracker.internal.delivery.Line;
import io.runtracker.internal.delivery.ServerWatch;
import io.runtracker.internal.delivery.SpoolDirectory;
import io.runtracker.internal.event.UrlRedactor;
import io.runtracker.internal.log.FailPoint;
import io.runtracker.internal.log.Log;
import io.runtracker.internal.log.SegmentLog;
import io.runtracker.internal.stage.Counts;
import io.runtracker.internal.stage.Interruption;
import io.runtracker.internal.stage.QuietLogger;
import io.runtracker.internal.stage.RateLimitedLog;
import io.runtracker.internal.stage.Stage;
import io.runtracker.sink.Sink;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The line from ring to sink, put together: capture, batcher, log, delivery. */
public final class Pipeline {

  /** What waits looks again after these, longer each time. */
  private static final long SHORTEST_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private static final long LONGEST_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(16);

  private static final Duration LONGEST_WAIT = Duration.ofDays(365);

  private static final QuietLogger logger = QuietLogger.ofTracker();

  /** What a sink holds back is no request; it is given a second where all those are safe. */
  private static final long LONGEST_FLUSH_OF_A_SAFE_TRACKER_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final RingBuffer<RingSlot> ring;
  private final Counts counts;
  private final Capture capture;
  private final Log log;
  private final Line line;
  private final Batcher batcher;
  private final Sink sink;
  private final @Nullable Adoption adoption;
  private volatile boolean closed;

  /**
   * Starts its threads. Where that fails, nothing of it is left open; the sink stays the caller's.
   */
  public Pipeline(
      Settings settings, UserCallbacks hooks, Sink sink, Consumer<FailPoint> failPoints) {
    // The sleeping strategy is the one that never signals; its own way of waiting is not used.
    this.ring =
        RingBuffer.createMultiProducer(
            RingSlot::new, settings.ringSize, new SleepingWaitStrategy());
    this.counts = new Counts(() -> ring.getCursor() + 1);
    this.sink = sink;
    String source = newSource();
    SpoolDirectory directory = spool(settings, failPoints);
    this.log = Line.logIn(directory, settings, failPoints);
    this.line =
        Line.of(directory, log, settings, settings.inFlight, sink, source, counts, failPoints);
    RateLimitedLog warnings = new RateLimitedLog();
    RingBytes ringBytes = new RingBytes(settings.ringBytes);
    RunNames names = new RunNames(hooks.naming(), warnings);
    this.batcher =
        new Batcher(
            ring,
            log,
            line.delivery()::appended,
            new UrlRedactor(settings.redact, settings.recordQuery),
            names,
            counts,
            ringBytes,
            settings,
            failPoints);
    this.capture = new Capture(ring, counts, source, settings, hooks, batcher, ringBytes);
    this.adoption =
        directory != null && settings.spoolShared
            ? new Adoption(directory, settings, sink, failPoints)
            : null;
    start();
  }

  private void start() {
    boolean isStarted = false;
    try {
      batcher.stage().start();
      line.delivery().stage().start();
      if (adoption != null) {
        adoption.stage().start();
      }
      isStarted = true;
    } finally {
      if (!isStarted) {
        closed = true;
        try (Interruption interruption = new Interruption()) {
          closeStages(deadline(Duration.ZERO), interruption);
        }
      }
    }
  }

  private static @Nullable SpoolDirectory spool(Settings settings, Consumer<FailPoint> failPoints) {
    if (settings.spool == null) {
      return null;
    }
    try {
      return SpoolDirectory.open(settings.spool, settings, failPoints);
    } catch (IOException e) {
      throw new IllegalArgumentException("spool: " + e.getMessage(), e);
    }
  }

  /** 64 random bits: what makes the event ids of this tracker unlike those of any other. */
  static String newSource() {
    return HexFormat.of().toHexDigits(new SecureRandom().nextLong());
  }

  public Capture capture() {
    return capture;
  }

  public Ledger flush(Duration timeout) {
    return flushUntil(deadline(timeout));
  }

  private Ledger flushUntil(long deadline) {
    long target = ring.getCursor();
    batcher.stage().wake();
    if (await(() -> batcher.handedOver() >= target, deadline)) {
      long end = line.log().end();
      line.hurry(end);
      if (await(() -> line.journal().isSettledBelow(end), deadline)) {
        line.delivery().flushSink(deadline, null);
      }
    }
    return counts.ledger();
  }

  /** Nobody waits longer than a year, and no sum overflows. */
  private static long deadline(Duration timeout) {
    Duration shorter = timeout.compareTo(LONGEST_WAIT) < 0 ? timeout : LONGEST_WAIT;
    Duration atLeastZero = shorter.isNegative() ? Duration.ZERO : shorter;
    return System.nanoTime() + atLeastZero.toNanos();
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

  /**
   * In this order: no request is opened, those that are open end, the ring is emptied into the log,
   * what is in memory alone is delivered until the deadline, calls are ended, the log is closed,
   * the sink is closed. What a spool holds is safe, and so is not waited for. No step is left out
   * because one before it failed, or because somebody interrupts. Where the spool's disk hangs,
   * three steps give up after five seconds each.
   */
  public synchronized Ledger close(Duration timeout) {
    long deadline = deadline(timeout);
    if (!closed) {
      closed = true;
      try (Interruption interruption = new Interruption()) {
        closeStages(deadline, interruption);
        step(sink::close);
        sayWhatBecameOfAll();
      }
    }
    return counts.ledger();
  }

  private void closeStages(long deadline, Interruption interruption) {
    step(() -> capture.killOpenRequests(deadline));
    step(capture::close);
    step(() -> batcher.stop(deadline, interruption));
    step(() -> deliverWhatIsNotSafe(deadline, interruption));
    if (adoption != null) {
      step(adoption::close);
    }
    step(line::close);
    interruption.keep();
  }

  private static void step(Runnable step) {
    try {
      step.run();
    } catch (Throwable fault) {
      logger.warn("A step of closing failed; those after it are taken", fault);
    }
  }

  private void deliverWhatIsNotSafe(long deadline, Interruption interruption) {
    long end = line.log().end();
    line.hurry(end);
    long pause = SHORTEST_POLL_NANOS;
    while (!isSafe(end) && System.nanoTime() - deadline < 0) {
      interruption.keep();
      LockSupport.parkNanos(pause);
      pause = Math.min(2 * pause, LONGEST_POLL_NANOS);
    }
    interruption.keep();
    if (!line.delivery().isServerAway()) {
      long soon = System.nanoTime() + LONGEST_FLUSH_OF_A_SAFE_TRACKER_NANOS;
      boolean isShort = line.log().memory() != null && soon - deadline < 0;
      line.delivery().flushSink(isShort ? soon : deadline, interruption);
    }
  }

  private boolean isSafe(long end) {
    boolean isOnDisk = line.log().memory() != null && line.log().onHeapAlone() == 0;
    return isOnDisk || line.journal().isSettledBelow(end);
  }

  private void sayWhatBecameOfAll() {
    Ledger ledger = counts.ledger();
    String line =
        "Tracking has ended: of "
            + ledger.accepted()
            + " requests "
            + ledger.delivered()
            + " are delivered to "
            + ServerWatch.nameOf(sink)
            + ", "
            + ledger.spooled()
            + " wait in the spool, dropped are "
            + ledger.dropped();
    if (ledger.dropped().containsKey(DropReason.SHUTDOWN)) {
      logger.warn(line + "; a spool, or a longer closeTimeout, would have kept them", null);
    } else {
      logger.info(line);
    }
  }

  private List<String> standingStill() {
    return closed
        ? List.of()
        : Stream.of(batcher.stage(), line.delivery().stage())
            .filter(Stage::isStill)
            .map(Stage::name)
            .toList();
  }

  public TrackerStats stats() {
    SegmentLog disk = log.disk();
    return new TrackerStats(
        counts.ledger(),
        capture.openRequests().count(),
        ring.getBufferSize(),
        ring.remainingCapacity(),
        line.log().live(),
        log.heapBytes(),
        disk == null ? 0 : disk.stats().bytes(),
        Duration.ofNanos(line.assembler().ageNanos()),
        line.delivery().retries(),
        capture.ignoredWrites(),
        line.delivery().isServerAway(),
        line.assembler().isWritingWindows(),
        adoption == null ? 0 : adoption.waiting(),
        standingStill(),
        line.delivery().lastError());
  }
}
