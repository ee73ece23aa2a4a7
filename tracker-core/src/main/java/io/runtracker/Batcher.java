// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static io.runtracker.DropReason.RING_FULL;

import com.lmax.disruptor.EventPoller;
import com.lmax.disruptor.RingBuffer;
import io.runtracker.spool.FailPoint;
import io.runtracker.spool.Group;
import io.runtracker.spool.Log;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * The ring's only consumer: takes events out, redacts and names them, and appends them to the log
 * in groups, as bytes. It waits for nothing but a write to the disk, and no fault ends it.
 *
 * <p>It parks between looks at the ring, and is not signalled: a signal would cost the request
 * thread more than the whole rest of the publish. When nothing has come for a second it falls
 * asleep, and the next request wakes it.
 */
final class Batcher {

  /** So that what was accepted is in the spool within 20 ms. */
  private static final long LONGEST_PARK_BEFORE_SPOOL = TimeUnit.MILLISECONDS.toNanos(15);

  private static final long LONGEST_PARK = TimeUnit.MILLISECONDS.toNanos(50);

  /** With this for each slot the ring holds 160,000 requests a second that come out of nowhere. */
  private static final long LONGEST_PARK_FOR_A_SLOT = TimeUnit.MICROSECONDS.toNanos(6);

  private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long SLEEP_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** What fails at once and again would else take a core. */
  private static final long FAULT_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private static final long LEAST_STOP_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final RingBuffer<Slot> ring;
  private final EventPoller<Slot> poller;
  private final RingPace pace;
  private final Log log;
  private final LongConsumer appended;
  private final UrlRedactor redactor;
  private final RunNames names;
  private final Counts counts;
  private final RingBytes ringBytes;
  private final int batchSize;
  private final long batchBytes;
  private final long batchAgeNanos;
  private final EventPoller.Handler<Slot> intoGroup = this::onEvent;
  private final Consumer<FailPoint> failPoints;
  private final EventCodec codec;
  private final RateLimitedLog warnings = new RateLimitedLog();
  private final Thread thread = Delivery.daemon(this::run, "runtracker-batcher");

  private Group group = new Group(64, 16 << 10);
  private long groupSinceNanos;
  private long lastLookNanos = System.nanoTime();
  private long lastEventNanos = lastLookNanos;

  /** Who publishes wakes it. */
  private volatile boolean asleep;

  private final Pulse pulse = new Pulse();
  private long ringRefused;
  private volatile long handedOver = -1;
  private volatile boolean stopping;
  private boolean ended;

  Batcher(
      RingBuffer<Slot> ring,
      Log log,
      LongConsumer appended,
      UrlRedactor redactor,
      RunNames names,
      Counts counts,
      RingBytes ringBytes,
      Settings settings,
      Consumer<FailPoint> failPoints) {
    this.ring = ring;
    this.pace = new RingPace(ring.getBufferSize(), longestPark(settings));
    this.poller = ring.newPoller();
    ring.addGatingSequences(poller.getSequence());
    this.log = log;
    this.appended = appended;
    this.failPoints = failPoints;
    this.codec = new EventCodec(settings.slowThreshold().toNanos());
    this.redactor = redactor;
    this.names = names;
    this.counts = counts;
    this.ringBytes = ringBytes;
    this.batchSize = settings.batchSize();
    this.batchBytes = settings.batchBytes();
    this.batchAgeNanos = settings.batchAge().toNanos();
  }

  private static long longestPark(Settings settings) {
    long longest = settings.spool() == null ? LONGEST_PARK : LONGEST_PARK_BEFORE_SPOOL;
    return Math.min(longest, settings.ringSize() * LONGEST_PARK_FOR_A_SLOT);
  }

  void start() {
    thread.start();
  }

  /** Has it look at the ring now, because somebody waits. */
  void hurry() {
    LockSupport.unpark(thread);
  }

  /** To be called after a publish, by the thread that did. */
  void published() {
    if (asleep) {
      asleep = false;
      LockSupport.unpark(thread);
    }
  }

  /** Whether it has not come round for half a minute, as where the disk hangs. */
  boolean isStill() {
    return pulse.isStill();
  }

  /** The sequence up to which every event is in the log, or was dropped and counted. */
  long handedOver() {
    return handedOver;
  }

  /**
   * Empties the ring into the log and ends. That takes milliseconds, whatever the sink does; so it
   * is given time even where the deadline has none, and up only if the disk hangs.
   */
  void stop(long deadlineNanos, Interruption interruption) {
    stopping = true;
    LockSupport.unpark(thread);
    long least = System.nanoTime() + LEAST_STOP_NANOS;
    interruption.join(thread, least - deadlineNanos > 0 ? least : deadlineNanos);
  }

  /**
   * A request thread that was overtaken by the close published into a ring which may have lost its
   * consumer: what it left there is counted.
   */
  synchronized void countStragglers() {
    if (ended) {
      poll(
          (slot, sequence, last) -> {
            counts.dropped(DropReason.SHUTDOWN);
            return takeOut(slot, sequence, last);
          });
      handedOver = poller.getSequence().get();
    }
  }

  private void run() {
    while (true) {
      Thread.interrupted(); // no park would wait then
      pulse.beat();
      try {
        boolean stop = stopping;
        look(stop);
        if (stop && end()) {
          names.close();
          return;
        }
      } catch (Throwable fault) {
        warnings.warn("batcher", "The batcher met a fault and goes on", fault);
        LockSupport.parkNanos(FAULT_PAUSE_NANOS);
      }
    }
  }

  private void look(boolean stop) {
    long now = System.nanoTime();
    long before = poller.getSequence().get();
    boolean isFull = log.isFull();
    poll(isFull ? this::takeOut : intoGroup);
    long came = poller.getSequence().get() - before;
    if (isFull) {
      countRefused(came);
    }
    boolean more = isGroupFull();
    if (stop || isGroupDue(now)) {
      handOver();
    }
    sayWhatTheRingRefused();
    if (group.size() == 0) {
      handedOver = poller.getSequence().get();
    }
    long groupAge = group.size() == 0 ? 0 : now - groupSinceNanos;
    long park =
        pace.afterLook(now - lastLookNanos, came, group.size() == 0, batchAgeNanos - groupAge);
    if (came > 0 || group.size() > 0) {
      lastEventNanos = now;
      asleep = false;
    }
    if (!more && !stop && park > 0) {
      LockSupport.parkNanos(now - lastEventNanos > QUIET_NANOS ? sleepOr(park) : park);
    }
    lastLookNanos = now;
  }

  /**
   * Between saying that it sleeps and doing so there is one more look, a whole park later: who
   * published meanwhile either saw what was said, or is seen by then.
   */
  private long sleepOr(long park) {
    if (asleep) {
      return SLEEP_NANOS;
    }
    asleep = true;
    return park;
  }

  private void poll(EventPoller.Handler<Slot> handler) {
    try {
      poller.poll(handler);
    } catch (Exception unexpected) {
      throw new IllegalStateException(unexpected);
    }
  }

  private boolean onEvent(Slot slot, long sequence, boolean endOfBatch) {
    int weight = 0;
    try {
      OpenRequest request = slot.take();
      weight = request.weight();
      failPoints.accept(FailPoint.BEFORE_ENCODE);
      RequestEvent event = request.toEvent(sequence, redactor.redact(request.target()));
      codec.encode(names.named(event), group.out());
      if (group.size() == 0) {
        groupSinceNanos = lastLookNanos; // it may have come right after that
      }
      group.endEvent();
    } catch (Throwable fault) {
      group.cancelEvent();
      counts.dropped(DropReason.DELIVERY_FAULT);
      warnings.warn("event", "An event could not be read and is dropped", fault);
    }
    ringBytes.giveBack(weight);
    return !isGroupFull();
  }

  private boolean takeOut(Slot slot, long sequence, boolean endOfBatch) {
    OpenRequest request = slot.request;
    slot.request = null;
    if (request != null) {
      ringBytes.giveBack(request.weight());
    }
    return true;
  }

  private boolean isGroupFull() {
    return group.size() >= batchSize || group.bytes() >= batchBytes;
  }

  private boolean isGroupDue(long now) {
    return isGroupFull() || (group.size() > 0 && now - groupSinceNanos >= batchAgeNanos);
  }

  private void handOver() {
    if (group.size() > 0) {
      Group full = group;
      Group next = nextGroup(); // first, because it takes memory
      int events = full.size();
      try {
        failPoints.accept(FailPoint.BEFORE_GROUP);
        count(log.append(full));
      } catch (Throwable fault) {
        int taken = full.isInLog() ? full.size() : 0;
        counts.dropped(DropReason.DELIVERY_FAULT, events - taken);
        warnings.warn(
            "hand-over",
            "A fault while a group was handed over; dropped of its "
                + events
                + " requests are "
                + (events - taken),
            fault);
      }
      group = next;
      appended.accept(full.bytes());
      failPoints.accept(FailPoint.AFTER_GROUP);
    }
  }

  /** A little larger than the last one. */
  private Group nextGroup() {
    return new Group(group.size() + group.size() / 4, group.bytes() + group.bytes() / 4);
  }

  private void count(Log.Refused refused) {
    if (refused.failure() != null) {
      warnings.warn(
          "append",
          "The spool cannot be written; requests are kept in memory only",
          refused.failure());
    }
    if (refused.byQuota() > 0) {
      counts.dropped(DropReason.SPOOL_FULL, refused.byQuota());
      warnings.warn(
          "quota",
          "The spool has reached its quota; requests are dropped and counted as SPOOL_FULL");
    }
    countRefused(refused.byHeap());
  }

  private void countRefused(long requests) {
    if (requests > 0) {
      counts.dropped(DropReason.QUEUE_FULL, requests);
      warnings.warn(
          "queue full", "The queue is full; requests are dropped and counted as QUEUE_FULL");
    }
  }

  /** In place of the request threads, which only count. */
  private void sayWhatTheRingRefused() {
    long refused = counts.droppedFor(RING_FULL);
    if (refused > ringRefused) {
      ringRefused = refused;
      warnings.warn(
          "ring full", "The ring buffer is full; requests are dropped and counted as RING_FULL");
    }
  }

  /** Under the lock, so that a straggler sees either a batcher that will still look, or its end. */
  private synchronized boolean end() {
    handedOver = poller.getSequence().get();
    ended = handedOver == ring.getCursor();
    return ended;
  }
}
