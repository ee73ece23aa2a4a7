// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

import com.lmax.disruptor.InsufficientCapacityException;
import com.lmax.disruptor.RingBuffer;
import io.runtracker.DropReason;
import io.runtracker.RunStatus;
import io.runtracker.WhenFull;
import io.runtracker.adapter.HttpReader;
import io.runtracker.internal.config.Settings;
import io.runtracker.internal.config.UserCallbacks;
import io.runtracker.internal.event.LogEntry;
import io.runtracker.internal.stage.Counts;
import io.runtracker.internal.stage.Interruption;
import io.runtracker.internal.stage.RateLimitedLog;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The request thread's end of the ring buffer. Nothing in here blocks, unless the user chose so, or
 * throws.
 */
public final class Capture {

  private static final long ROOM_POLL_NANOS = 1_000_000;

  /**
   * Numbers of events are their places in the ring, which are not known before the end; those that
   * somebody asks for earlier are counted from here, where no ring ever gets.
   */
  private static final long ASKED_IDS = 1L << 48;

  /** The ring's consumer looks no more often. */
  private static final long SLOT_POLL_NANOS = 100_000;

  private final RingBuffer<RingSlot> ring;
  private final Counts counts;
  private final String source;
  private final WhenFull whenFull;
  private final RingConsumer consumer;
  private final RingBytes ringBytes;
  private final int requestBytes;
  private final ErrorText errorText;
  private final AtomicLong lastId = new AtomicLong(ASKED_IDS);
  private final @Nullable Sampler sampler;
  private final @Nullable Customizers customizers;
  private final OpenRequests openRequests = new OpenRequests();
  private final LongAdder ignoredWrites = new LongAdder();
  private final RateLimitedLog log = new RateLimitedLog();
  private volatile boolean closed;

  public Capture(
      RingBuffer<RingSlot> ring,
      Counts counts,
      String source,
      Settings settings,
      UserCallbacks hooks,
      RingConsumer consumer,
      RingBytes ringBytes) {
    this.ring = ring;
    this.counts = counts;
    this.source = source;
    this.whenFull = settings.whenFull;
    this.consumer = consumer;
    this.ringBytes = ringBytes;
    this.requestBytes = settings.requestBytes;
    this.errorText = new ErrorText(settings.recordStackTrace);
    this.sampler = Sampler.of(settings.sampleRatio, settings.slowThreshold);
    this.customizers = Customizers.of(hooks.customizers(), log);
    ContextPropagation.join();
  }

  String source() {
    return source;
  }

  long nextId() {
    return lastId.incrementAndGet();
  }

  ErrorText errorText() {
    return errorText;
  }

  /** What a request may hold of what its handler logs, in bytes. */
  int requestBytes() {
    return requestBytes;
  }

  public OpenRequests openRequests() {
    return openRequests;
  }

  /**
   * Closes a request: decides whether it is recorded, asks the user's customizers, and publishes
   * it. Never throws.
   *
   * @param logged what its handler logged, the newest first
   * @param error what left the handler, or null
   */
  <Q, S> void complete(
      CapturedRequest request,
      @Nullable LogEntry logged,
      int statusCode,
      @Nullable Throwable error,
      HttpReader<Q, S> reader,
      Q in,
      S out) {
    try {
      long endNanos = System.nanoTime();
      openRequests.remove(request);
      Handled handled = request.takeHandled();
      if (request.isDropped()) {
        return;
      }
      LogEntry newest = logged;
      Throwable cause = error;
      String reason = null;
      if (handled != null && error == null) {
        newest = handled.withType(logged, statusCode);
        cause = handled.causeAt(statusCode);
        reason = handled.reason();
      }
      boolean isFailed = statusCode >= 500 || cause != null || reason != null;
      if (sampler != null && sampler.leavesOut(isFailed, endNanos - request.startNanos())) {
        counts.dropped(DropReason.SAMPLED);
        return;
      }
      if (reason != null) {
        request.failsFor(reason);
      }
      if (customizers != null) {
        newest = customizers.customize(request, newest, statusCode, cause, reader, in, out);
      }
      offer(request, newest, statusCode, endNanos, cause);
    } catch (Throwable outOfMemory) {
      fault(outOfMemory);
    }
  }

  /** Publishes a request as it ended; or counts it, where that cannot be. Never throws. */
  void offer(
      CapturedRequest request,
      @Nullable LogEntry entries,
      int statusCode,
      long endNanos,
      @Nullable Throwable error) {
    try {
      if (closed) {
        counts.dropped(DropReason.CLOSED);
      } else if (!publish(request, entries, statusCode, endNanos, error)) {
        counts.dropped(DropReason.RING_FULL); // the batcher says so: to log takes too long here
      } else if (closed) {
        consumer.countStragglers();
      }
    } catch (Throwable fault) {
      fault(fault);
    }
  }

  /** A fault of ours: counted and, now and then, logged; never the service's concern. */
  public void fault(Throwable fault) {
    try {
      counts.dropped(DropReason.CAPTURE_FAULT);
      log.warn("capture fault", "A request could not be captured", fault);
    } catch (Throwable hopeless) {
      // Out of memory or stack while saying so: there is nothing left that could be done.
    }
  }

  void ignoredWrite() {
    ignoredWrites.increment();
  }

  public long ignoredWrites() {
    return ignoredWrites.sum();
  }

  /**
   * Takes no more requests, and ends those that are open, as {@link RunStatus#KILLED}. Waits for
   * the ring to have room, until the deadline; what is open then is left to itself.
   */
  public void killOpenRequests(long deadlineNanos) {
    openRequests.close(
        request -> {
          boolean hasRoom = awaitRoom(request, deadlineNanos);
          if (hasRoom) {
            request.kill();
          }
          return hasRoom;
        });
  }

  private boolean awaitRoom(CapturedRequest request, long deadlineNanos) {
    return Interruption.poll(
        () -> ring.remainingCapacity() > 0 && ringBytes.hasRoom(request.takenByEntries()),
        () -> System.nanoTime() - deadlineNanos >= 0,
        ROOM_POLL_NANOS);
  }

  public void close() {
    closed = true;
  }

  private boolean publish(
      CapturedRequest request,
      @Nullable LogEntry entries,
      int statusCode,
      long endNanos,
      @Nullable Throwable error) {
    request.settle(entries, statusCode, endNanos, error);
    // Whoever closes has waited for room, and has a deadline.
    boolean waits = whenFull == WhenFull.BLOCK && !openRequests.isClosed();
    int weight = request.weight();
    if (!ringBytes.take(weight) && !(waits && awaitBytes(weight))) {
      return false;
    }
    long sequence = tryNext();
    while (sequence < 0 && waits && awaitSlot()) {
      sequence = tryNext();
    }
    if (sequence < 0) {
      ringBytes.giveBack(weight);
      return false;
    }
    // Nothing in between may fail: a claimed slot that is not published holds the consumer for
    // ever.
    ring.get(sequence).request = request;
    ring.publish(sequence);
    consumer.published();
    return true;
  }

  /** False where the tracker is being closed. */
  private boolean awaitBytes(int weight) {
    return Interruption.poll(() -> ringBytes.take(weight), openRequests::isClosed, ROOM_POLL_NANOS);
  }

  /** As {@link #awaitBytes}. Another thread may take the slot. */
  private boolean awaitSlot() {
    return Interruption.poll(
        () -> ring.remainingCapacity() > 0, openRequests::isClosed, SLOT_POLL_NANOS);
  }

  /**
   * The ring's own way to wait would count who waits as published, and hear of no close: where the
   * batcher stands still, it would hold the request thread for ever.
   */
  private long tryNext() {
    try {
      return ring.tryNext();
    } catch (InsufficientCapacityException full) {
      return -1;
    }
  }
}
