// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import com.lmax.disruptor.EventPoller;
import com.lmax.disruptor.RingBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.LoggerFactory;

/**
 * The ring's only consumer: takes events out, redacts and names them, and hands them to the backlog
 * in groups. It never waits for the sink, and no fault ends it.
 *
 * <p>It parks for up to {@value #LONGEST_PARK_MILLIS} ms between looks at the ring, longer the
 * longer nothing comes, and is never signalled: a signal would cost the request thread more than
 * the whole rest of the publish.
 */
final class Batcher {

  static final int LONGEST_PARK_MILLIS = 10;

  private static final long LEAST_STOP_MILLIS = 5_000;
  private static final long SHORTEST_PARK_NANOS = TimeUnit.MICROSECONDS.toNanos(100);
  private static final long LONGEST_PARK_NANOS = TimeUnit.MILLISECONDS.toNanos(LONGEST_PARK_MILLIS);

  private final RingBuffer<Slot> ring;
  private final EventPoller<Slot> poller;
  private final Backlog backlog;
  private final UrlRedactor redactor;
  private final RunNames names;
  private final Counts counts;
  private final Settings settings;
  private final RateLimitedLog log = new RateLimitedLog(LoggerFactory.getLogger(Tracker.class));
  private final Thread thread = Delivery.daemon(this::run, "runtracker-batcher");

  private List<RequestEvent> group = new ArrayList<>();
  private long groupBytes;
  private long groupSinceNanos;
  private long parkNanos = SHORTEST_PARK_NANOS;
  private volatile long handedOver = -1;
  private volatile boolean stopping;
  private boolean ended;

  Batcher(
      RingBuffer<Slot> ring,
      Backlog backlog,
      UrlRedactor redactor,
      RunNames names,
      Counts counts,
      Settings settings) {
    this.ring = ring;
    this.poller = ring.newPoller();
    ring.addGatingSequences(poller.getSequence());
    this.backlog = backlog;
    this.redactor = redactor;
    this.names = names;
    this.counts = counts;
    this.settings = settings;
  }

  void start() {
    thread.start();
  }

  /** The sequence up to which every event is in the backlog, or was dropped and counted. */
  long handedOver() {
    return handedOver;
  }

  /**
   * Empties the ring into the backlog and ends. That takes milliseconds, whatever the sink does; so
   * it is given time even where the deadline has none, and up only if the disk hangs.
   */
  void stop(long deadlineNanos) throws InterruptedException {
    stopping = true;
    LockSupport.unpark(thread);
    long left = TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime());
    thread.join(Math.max(left, LEAST_STOP_MILLIS));
  }

  /**
   * A request thread that was overtaken by the close published into a ring which may have lost its
   * consumer: what it left there is counted.
   */
  synchronized void countStragglers() {
    if (ended) {
      poll(
          (slot, sequence, last) -> {
            slot.take();
            counts.dropped(DropReason.SHUTDOWN);
            return true;
          });
      handedOver = poller.getSequence().get();
    }
  }

  private void run() {
    while (true) {
      try {
        boolean stop = stopping;
        boolean idle = poll(this::onEvent) != EventPoller.PollState.PROCESSING;
        if (stop || isGroupDue()) {
          handOver();
        }
        if (stop && end()) {
          return;
        }
        if (idle) {
          park();
        } else {
          parkNanos = SHORTEST_PARK_NANOS;
        }
      } catch (Throwable fault) {
        log.warn("batcher", "The batcher met a fault and goes on", fault);
      }
    }
  }

  private EventPoller.PollState poll(EventPoller.Handler<Slot> handler) {
    try {
      return poller.poll(handler);
    } catch (Exception unexpected) {
      throw new IllegalStateException(unexpected);
    }
  }

  private boolean onEvent(Slot slot, long sequence, boolean endOfBatch) {
    try {
      RequestEvent event = slot.take();
      add(names.named(event.withTarget(redactor.redact(event.target()))));
    } catch (Throwable fault) {
      counts.dropped(DropReason.DELIVERY_FAULT);
      log.warn("event", "An event could not be read and is dropped", fault);
    }
    return !isGroupFull();
  }

  private void add(RequestEvent event) {
    if (group.isEmpty()) {
      groupSinceNanos = System.nanoTime();
    }
    group.add(event);
    groupBytes += event.estimatedBytes();
  }

  private boolean isGroupFull() {
    return group.size() >= settings.batchSize() || groupBytes >= settings.batchBytes();
  }

  private boolean isGroupDue() {
    return isGroupFull()
        || (!group.isEmpty()
            && System.nanoTime() - groupSinceNanos >= settings.batchAge().toNanos());
  }

  private void handOver() {
    if (!group.isEmpty()) {
      List<RequestEvent> full = group;
      group = new ArrayList<>();
      groupBytes = 0;
      try {
        backlog.add(full);
      } catch (Throwable fault) {
        counts.dropped(DropReason.DELIVERY_FAULT, full.size());
        log.warn("hand-over", "A group could not be handed over and is dropped", fault);
      }
    }
  }

  private void park() {
    if (group.isEmpty()) {
      handedOver = poller.getSequence().get();
      parkNanos = Math.min(parkNanos * 2, LONGEST_PARK_NANOS);
    } else {
      long age = System.nanoTime() - groupSinceNanos;
      parkNanos = Math.max(Math.min(parkNanos, settings.batchAge().toNanos() - age), 1);
    }
    LockSupport.parkNanos(parkNanos);
  }

  /** Under the lock, so that a straggler sees either a batcher that will still look, or its end. */
  private synchronized boolean end() {
    handedOver = poller.getSequence().get();
    ended = handedOver == ring.getCursor();
    return ended;
  }
}
