// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.batch;

import com.lmax.disruptor.EventPoller;
import com.lmax.disruptor.RingBuffer;
import io.runtracker.DropReason;
import io.runtracker.internal.capture.CapturedRequest;
import io.runtracker.internal.capture.RingBytes;
import io.runtracker.internal.capture.RingConsumer;
import io.runtracker.internal.capture.RingSlot;
import io.runtracker.internal.config.Settings;
import io.runtracker.internal.event.EventCodec;
import io.runtracker.internal.event.RecordedEvent;
import io.runtracker.internal.event.UrlRedactor;
import io.runtracker.internal.log.FailPoint;
import io.runtracker.internal.log.Group;
import io.runtracker.internal.log.Log;
import io.runtracker.internal.stage.Counts;
import io.runtracker.internal.stage.Interruption;
import io.runtracker.internal.stage.RateLimitedLog;
import io.runtracker.internal.stage.Stage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * The ring's only consumer: takes events out, redacts and names them, and appends them to the log
 * in groups, as bytes. It waits for nothing but a write to the disk, and no fault ends it: each
 * step leaves behind what the next look needs to take it up, on the same thread or on another.
 *
 * <p>It parks between looks at the ring, and is not signalled: a signal would cost the request
 * thread more than the whole rest of the publish. When nothing has come for a second it falls
 * asleep, and the next request wakes it.
 */
public final class Batcher implements RingConsumer {

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

  private final RingBuffer<RingSlot> ring;
  private final EventPoller<RingSlot> poller;
  private final PollBackoff pace;
  private final Log log;
  private final LongConsumer appended;
  private final UrlRedactor redactor;
  private final RunNames names;
  private final Counts counts;
  private final RingBytes ringBytes;
  private final int batchSize;
  private final long batchBytes;
  private final long batchAgeNanos;
  private final EventPoller.Handler<RingSlot> intoGroup = this::onEvent;
  private final EventPoller.Handler<RingSlot> refusing = this::onRefused;
  private final Consumer<FailPoint> failPoints;
  private final EventCodec codec;
  private final RateLimitedLog warnings = new RateLimitedLog();
  private final Refusals refusals;
  private final Stage stage;

  private Group group = new Group(64, 16 << 10);
  private long groupSinceNanos;
  private long lastLookNanos = System.nanoTime();
  private long lastEventNanos = lastLookNanos;

  /** Who publishes wakes it. */
  private volatile boolean asleep;

  /** Events up to this one are in a group, or counted; the ring may offer them again. */
  private long takenUpTo = -1;

  private volatile long handedOver = -1;
  private volatile boolean stopping;
  private boolean ended;

  public Batcher(
      RingBuffer<RingSlot> ring,
      Log log,
      LongConsumer appended,
      UrlRedactor redactor,
      RunNames names,
      Counts counts,
      RingBytes ringBytes,
      Settings settings,
      Consumer<FailPoint> failPoints) {
    this.ring = ring;
    this.pace = new PollBackoff(ring.getBufferSize(), longestPark(settings));
    this.poller = ring.newPoller();
    ring.addGatingSequences(poller.getSequence());
    this.log = log;
    this.appended = appended;
    this.failPoints = failPoints;
    this.stage = new Stage("batcher", this::round, FAULT_PAUSE_NANOS, failPoints);
    this.codec = new EventCodec(settings.slowThreshold.toNanos());
    this.redactor = redactor;
    this.names = names;
    this.counts = counts;
    this.refusals = new Refusals(counts, warnings);
    this.ringBytes = ringBytes;
    this.batchSize = settings.batchSize;
    this.batchBytes = settings.batchBytes;
    this.batchAgeNanos = settings.batchAge.toNanos();
  }

  private static long longestPark(Settings settings) {
    long longest = settings.spool == null ? LONGEST_PARK : LONGEST_PARK_BEFORE_SPOOL;
    return Math.min(longest, settings.ringSize * LONGEST_PARK_FOR_A_SLOT);
  }

  public Stage stage() {
    return stage;
  }

  @Override
  public void published() {
    if (asleep) {
      asleep = false;
      stage.wake();
    }
  }

  /** The sequence up to which every event is in the log, or was dropped and counted. */
  public long handedOver() {
    return handedOver;
  }

  /**
   * Empties the ring into the log and ends. That takes milliseconds, whatever the sink does; so it
   * is given time even where the deadline has none, and up only if the disk hangs.
   */
  public void stop(long deadlineNanos, Interruption interruption) {
    stopping = true;
    stage.wake();
    long least = System.nanoTime() + LEAST_STOP_NANOS;
    stage.join(least - deadlineNanos > 0 ? least : deadlineNanos, interruption);
  }

  /**
   * A request thread that was overtaken by the close published into a ring which may have lost its
   * consumer: what it left there is counted.
   */
  @Override
  public synchronized void countStragglers() {
    if (ended) {
      poll(
          (slot, sequence, last) -> {
            counts.dropped(DropReason.SHUTDOWN);
            takeOut(slot);
            return true;
          });
      handedOver = poller.getSequence().get();
    }
  }

  private boolean round() {
    boolean stop = stopping;
    if (!ended) {
      look(stop);
    }
    boolean isOver = stop && end();
    if (isOver) {
      names.close();
    }
    return !isOver;
  }

  private void look(boolean stop) {
    long now = System.nanoTime();
    long before = poller.getSequence().get();
    takeUpGroup();
    names.beginLook();
    boolean isFull = log.isFull();
    poll(isFull ? refusing : intoGroup);
    long came = poller.getSequence().get() - before;
    if (isFull && came > 0) {
      refusals.sayThatTheQueueIsFull();
    }
    boolean more = isGroupFull();
    if (stop || isGroupDue(now)) {
      handOver();
    }
    refusals.sayWhatTheRingRefused();
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

  private void poll(EventPoller.Handler<RingSlot> handler) {
    try {
      poller.poll(handler);
    } catch (Exception unexpected) {
      throw new IllegalStateException(unexpected);
    }
  }

  /** What a thread that died was about: half an event, or a group that the log has. */
  private void takeUpGroup() {
    group.cancelEvent();
    if (group.isInLog()) {
      group = nextGroup();
    }
  }

  private boolean onEvent(RingSlot slot, long sequence, boolean endOfBatch) {
    if (sequence > takenUpTo) {
      int before = group.size();
      try {
        failPoints.accept(FailPoint.BEFORE_ENCODE);
        CapturedRequest request = slot.published();
        RecordedEvent event = request.toEvent(sequence, redactor.redact(request.target()));
        codec.encode(names.named(event), group.out());
        if (before == 0) {
          groupSinceNanos = lastLookNanos; // it may have come right after that
        }
        group.endEvent();
      } catch (Throwable fault) {
        if (group.size() == before) {
          Stage.rethrowIfStopped(fault); // the successor is offered it again
          group.cancelEvent();
          counts.dropped(DropReason.DELIVERY_FAULT);
        }
        warnings.warn("event", "An event could not be read and is dropped", fault);
      }
      takenUpTo = sequence;
    }
    takeOut(slot);
    return !isGroupFull();
  }

  /** The log is full. */
  private boolean onRefused(RingSlot slot, long sequence, boolean endOfBatch) {
    if (sequence > takenUpTo) {
      counts.dropped(DropReason.QUEUE_FULL);
      takenUpTo = sequence;
    }
    takeOut(slot);
    return true;
  }

  private void takeOut(RingSlot slot) {
    CapturedRequest request = slot.request;
    slot.request = null;
    if (request != null) {
      ringBytes.giveBack(request.weight());
    }
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
        refusals.count(log.append(full));
      } catch (Throwable fault) {
        int taken = 0;
        if (full.isInLog()) {
          taken = full.size();
        } else {
          Stage.rethrowIfStopped(fault); // the successor hands it over
        }
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

  /** Under the lock, so that a straggler sees either a batcher that will still look, or its end. */
  private synchronized boolean end() {
    handedOver = poller.getSequence().get();
    ended = handedOver == ring.getCursor();
    return ended;
  }
}
