// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.PriorityQueue;
import java.util.TreeMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A backlog in memory, bounded by count and bytes. When it is full it refuses what is new and keeps
 * what is old. Only the batcher and delivery ever wait for its lock.
 */
final class MemoryBacklog implements Backlog {

  private final int capacity;
  private final long maxBytes;
  private final DuplicateSweep sweep;
  private final Counts counts;
  private final RateLimitedLog log;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<PendingRun> fresh = new ArrayDeque<>();
  private final PriorityQueue<PendingRun> retries =
      new PriorityQueue<>(Comparator.comparingLong(PendingRun::notBeforeNanos));
  private final TreeMap<Long, PendingRun> unsettled = new TreeMap<>();
  private Supplier<@Nullable PendingRun> source = () -> null;
  private long tickets;
  private boolean closed;
  private long bytes;

  MemoryBacklog(
      int capacity, long maxBytes, DuplicateSweep sweep, Counts counts, RateLimitedLog log) {
    this.sweep = sweep;
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
      if (closed) {
        counts.dropped(DropReason.SHUTDOWN, group.size());
        return;
      }
      for (RequestEvent event : group) {
        if (unsettled.size() >= capacity || bytes + event.estimatedBytes() > maxBytes) {
          refused++;
        } else {
          PendingRun run = new PendingRun(event);
          hold(run);
          fresh.add(run);
        }
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

  /** Where to look for fresh runs when memory has none; asked under the lock. */
  void readFrom(Supplier<@Nullable PendingRun> more) {
    source = more;
  }

  /** Says that {@link #readFrom} may have something now. */
  void wake() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  int heldUnderLock() {
    return unsettled.size();
  }

  private void hold(PendingRun run) {
    run.ticket(++tickets);
    unsettled.put(run.ticket(), run);
    bytes += run.bytes();
  }

  /** The next one that is due; those read that are not due yet wait among the retries. */
  private @Nullable PendingRun nextFresh() {
    PendingRun run = fresh.poll();
    while (run == null) {
      PendingRun read = source.get();
      if (read == null) {
        return null;
      }
      hold(read);
      if (read.notBeforeNanos() - System.nanoTime() <= 0) {
        run = read;
      } else {
        retries.add(read);
      }
    }
    return run;
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
        PendingRun next = nextFresh();
        if (next != null) {
          return next;
        }
        if (now - deadline >= 0) {
          return null;
        }
        retry = retries.peek();
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
  public DuplicateSweep sweep() {
    return sweep;
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
  public void dropped(PendingRun run, DropReason reason, String cause) {
    settle(run, () -> counts.dropped(reason));
  }

  /** Counts under the lock, so that a run is counted once and none is forgotten uncounted. */
  void settle(PendingRun run, Runnable count) {
    lock.lock();
    try {
      if (unsettled.remove(run.ticket()) != null) {
        bytes -= run.bytes();
        count.run();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      source = () -> null;
      long lost = unsettled.values().stream().filter(run -> !run.isSpooled()).count();
      counts.dropped(DropReason.SHUTDOWN, lost);
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
    return withLock(() -> (long) unsettled.size());
  }

  @Override
  public long bytes() {
    return withLock(() -> bytes);
  }

  @Override
  public long spoolBytes() {
    return 0;
  }

  @Override
  public BooleanSupplier allSettled() {
    long upTo = withLock(() -> tickets);
    return () -> withLock(() -> unsettled.isEmpty() || unsettled.firstKey() > upTo);
  }

  private <T> T withLock(Supplier<T> question) {
    lock.lock();
    try {
      return question.get();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Duration oldestAge() {
    return withLock(
        () -> {
          if (unsettled.isEmpty()) {
            return Duration.ZERO;
          }
          long ended = unsettled.firstEntry().getValue().event().endTime().toEpochMilli();
          return Duration.ofMillis(Math.max(System.currentTimeMillis() - ended, 0));
        });
  }
}
