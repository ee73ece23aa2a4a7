// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.PriorityQueue;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A backlog in memory, bounded by count and bytes. When it is full it refuses what is new and keeps
 * what is old. Only the batcher and delivery ever wait for its lock.
 */
final class MemoryBacklog implements Backlog {

  private final int capacity;
  private final long maxBytes;
  private final Counts counts;
  private final RateLimitedLog log;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<PendingRun> fresh = new ArrayDeque<>();
  private final PriorityQueue<PendingRun> retries =
      new PriorityQueue<>(Comparator.comparingLong(PendingRun::notBeforeNanos));
  private final TreeMap<Long, PendingRun> unsettled = new TreeMap<>();
  private long bytes;

  MemoryBacklog(int capacity, long maxBytes, Counts counts, RateLimitedLog log) {
    this.capacity = capacity;
    this.maxBytes = maxBytes;
    this.counts = counts;
    this.log = log;
  }

  @Override
  public void add(List<RequestEvent> group) {
    int refused = 0;
    lock.lock();
    try {
      for (RequestEvent event : group) {
        PendingRun run = new PendingRun(event);
        if (unsettled.size() >= capacity || bytes + run.bytes() > maxBytes) {
          refused++;
          continue;
        }
        unsettled.put(event.sequence(), run);
        bytes += run.bytes();
        fresh.add(run);
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (refused > 0) {
      counts.dropped(DropReason.QUEUE_FULL, refused);
      log.warn("queue full", "The queue is full; requests are dropped and counted as QUEUE_FULL");
    }
  }

  @Override
  public @Nullable PendingRun take(Duration atMost) throws InterruptedException {
    long deadline = System.nanoTime() + atMost.toNanos();
    lock.lockInterruptibly();
    try {
      while (true) {
        long now = System.nanoTime();
        PendingRun retry = retries.peek();
        if (retry != null && retry.notBeforeNanos() - now <= 0) {
          return retries.poll();
        }
        PendingRun next = fresh.poll();
        if (next != null) {
          return next;
        }
        if (now - deadline >= 0) {
          return null;
        }
        long until = retry == null ? deadline : Math.min(deadline, retry.notBeforeNanos());
        changed.awaitNanos(until - now);
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void created(PendingRun run, String runId) {
    run.created(runId);
  }

  @Override
  public void retry(PendingRun run) {
    lock.lock();
    try {
      retries.add(run);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void delivered(PendingRun run) {
    settle(run, counts::delivered);
  }

  @Override
  public void dropped(PendingRun run, DropReason reason) {
    settle(run, () -> counts.dropped(reason));
  }

  /** Counts under the lock, so that a run is counted once and none is forgotten uncounted. */
  private void settle(PendingRun run, Runnable count) {
    lock.lock();
    try {
      if (unsettled.remove(run.event().sequence()) != null) {
        bytes -= run.bytes();
        count.run();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void abandon() {
    lock.lock();
    try {
      counts.dropped(DropReason.SHUTDOWN, unsettled.size());
      unsettled.clear();
      fresh.clear();
      retries.clear();
      bytes = 0;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public long size() {
    lock.lock();
    try {
      return unsettled.size();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public long bytes() {
    lock.lock();
    try {
      return bytes;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public long oldestSequence() {
    lock.lock();
    try {
      return unsettled.isEmpty() ? Long.MAX_VALUE : unsettled.firstKey();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Duration oldestAge() {
    lock.lock();
    try {
      if (unsettled.isEmpty()) {
        return Duration.ZERO;
      }
      long ended = unsettled.firstEntry().getValue().event().endTime().toEpochMilli();
      long age = System.currentTimeMillis() - ended;
      return Duration.ofNanos(TimeUnit.MILLISECONDS.toNanos(Math.max(age, 0)));
    } finally {
      lock.unlock();
    }
  }
}
