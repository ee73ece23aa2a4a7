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
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A backlog in memory, bounded by count and bytes. When it is full it refuses what is new and keeps
 * what is old. Only the batcher and delivery ever wait for its lock.
 *
 * <p>Requests wait in {@code fresh} until their turn comes. Then each becomes a run of its own or,
 * while {@link WindowMode} says so, goes into the open window, which becomes a run when it closes.
 * Runs that exist in memory, whether handed out or waiting, are {@code unsettled}.
 */
final class MemoryBacklog implements Backlog {

  private static final Comparator<PendingRun> BY_TIME =
      Comparator.comparingLong(PendingRun::notBeforeNanos);

  private final Settings settings;
  private final DuplicateSweep sweep;
  private final Counts counts;
  private final RateLimitedLog log;
  private final WindowMode mode;
  private final WindowRouter router;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<PendingEvent> fresh = new ArrayDeque<>();
  private final PriorityQueue<PendingRun> runs = new PriorityQueue<>(BY_TIME);
  private final PriorityQueue<PendingRun> windows = new PriorityQueue<>(BY_TIME);
  private final TreeMap<Long, PendingRun> unsettled = new TreeMap<>();
  private BacklogSource behind = BacklogSource.NONE;
  private long tickets;
  private boolean closed;
  private int held;
  private long bytes;

  /**
   * @param source what makes the ids of windows unique
   * @param trackAs {@link TrackAs#RUN} where the sink takes no windows
   */
  MemoryBacklog(
      Settings settings,
      TrackAs trackAs,
      String source,
      DuplicateSweep sweep,
      Counts counts,
      RateLimitedLog log) {
    this.settings = settings;
    this.sweep = sweep;
    this.counts = counts;
    this.log = log;
    this.mode =
        new WindowMode(
            trackAs, settings.autoThreshold(), settings.queueSize(), settings.inFlight());
    this.router = new WindowRouter(settings, trackAs, source, counts);
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
        if (!takeIn(event)) {
          refused++;
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

  private boolean takeIn(RequestEvent event) {
    if (held >= settings.queueSize()) {
      return false;
    }
    PendingEvent pending = new PendingEvent(event, tickets + 1);
    if (bytes + pending.bytes() > settings.queueBytes()) {
      return false;
    }
    tickets++;
    fresh.add(pending);
    hold(pending);
    return true;
  }

  private void hold(PendingRun run) {
    held += run.size();
    bytes += run.bytes();
  }

  /** Where to look for more when memory has no fresh requests. */
  void readFrom(BacklogSource source) {
    behind = source;
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

  @Override
  public @Nullable PendingRun take(Duration atMost) throws InterruptedException {
    long deadline = System.nanoTime() + atMost.toNanos();
    lock.lockInterruptibly();
    try {
      while (true) {
        long now = System.nanoTime();
        PendingRun next = next(now);
        if (next != null) {
          next.handedOut(now);
          behind.handedOut(next);
          return next;
        }
        if (now - deadline >= 0) {
          return null;
        }
        changed.awaitNanos(nextLook(deadline) - now);
      }
    } finally {
      lock.unlock();
    }
  }

  private @Nullable PendingRun next(long now) {
    mode.look(held - router.open().size() + behind.waiting(), oldestNanos(), now);
    if (mode.isOn()) {
      fillWindow(now);
    }
    if (router.isDue(isCrowded() || !mode.isOn(), now)) {
      closeWindow(now);
    }
    PendingRun next = due(windows, now);
    if (next == null) {
      next = due(runs, now);
    }
    while (next == null && !mode.isOn()) {
      PendingRun read = nextFresh();
      if (read == null) {
        return null;
      }
      keep(read);
      next = due(read instanceof PendingWindow ? windows : runs, now);
    }
    return next;
  }

  private static @Nullable PendingRun due(PriorityQueue<PendingRun> queue, long now) {
    PendingRun first = queue.peek();
    return first != null && first.notBeforeNanos() - now <= 0 ? queue.poll() : null;
  }

  private long nextLook(long deadline) {
    long until = deadline;
    if (!runs.isEmpty()) {
      until = Math.min(until, runs.element().notBeforeNanos());
    }
    if (!windows.isEmpty()) {
      until = Math.min(until, windows.element().notBeforeNanos());
    }
    return router.dueNanos(until);
  }

  /** The next in memory or behind it, and held; not yet among the unsettled. */
  private @Nullable PendingRun nextFresh() {
    PendingRun run = fresh.poll();
    if (run == null) {
      int most = mode.isOn() ? settings.queueSize() : SpoolBacklog.MOST_RUNS_IN_MEMORY;
      int room = bytes < settings.queueBytes() ? most - held : 0;
      run = behind.next(tickets + 1, room);
      if (run == null) {
        return null;
      }
      tickets++;
      hold(run);
    }
    return run;
  }

  /** Makes it a run of its own, to be handed out when it is due. */
  private void keep(PendingRun run) {
    unsettled.put(run.ticket(), run);
    if (run instanceof PendingWindow) {
      router.kept();
      windows.add(run);
    } else {
      runs.add(run);
    }
  }

  private void fillWindow(long now) {
    while (true) {
      if (router.isDue(false, now)) {
        closeWindow(now);
      }
      PendingRun run = router.open().isFull() ? null : nextFresh();
      if (run == null) {
        return;
      }
      mode.arrived();
      if (run instanceof PendingEvent event && router.goesIntoWindow(event, isCrowded())) {
        router.open().add(event, now);
      } else {
        keep(run);
      }
    }
  }

  /** So near to refusing requests that nothing may wait any longer than it must. */
  private boolean isCrowded() {
    return held > settings.queueSize() / 4 * 3 || bytes > settings.queueBytes() / 4 * 3;
  }

  private void closeWindow(long now) {
    PendingWindow window = router.close(now);
    behind.closed(window);
    keep(window);
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
      (run instanceof PendingWindow ? windows : runs).add(run);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void delivered(PendingRun run) {
    settle(run, null, () -> counts.delivered(run.size()));
  }

  @Override
  public void dropped(PendingRun run, DropReason reason, String cause) {
    settle(run, reason, () -> counts.dropped(reason, run.size()));
  }

  /** Counts under the lock, so that a run is counted once and none is forgotten uncounted. */
  void settle(PendingRun run, @Nullable DropReason reason, Runnable count) {
    lock.lock();
    try {
      if (unsettled.remove(run.ticket()) != null) {
        held -= run.size();
        bytes -= run.bytes();
        if (run instanceof PendingWindow) {
          router.settled();
          if (reason == DropReason.REFUSED && mode.windowRefused()) {
            log.warn("refused window", "The sink takes no windows; runs are written from now on");
          }
          changed.signalAll();
        } else if (reason == null) {
          mode.runTook(System.nanoTime() - run.handedOutNanos());
        }
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
      behind = BacklogSource.NONE;
      long lost = (long) fresh.size() + router.open().unspooled();
      for (PendingRun run : unsettled.values()) {
        lost += run.unspooled();
      }
      counts.dropped(DropReason.SHUTDOWN, lost);
      unsettled.clear();
      fresh.clear();
      router.open().clear();
      runs.clear();
      windows.clear();
      held = 0;
      bytes = 0;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public long size() {
    return withLock(() -> (long) held);
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
  public boolean isWritingWindows() {
    return withLock(mode::isOn);
  }

  @Override
  public BooleanSupplier allSettled() {
    long upTo = withLock(() -> tickets);
    return () -> withLock(() -> isSettled(upTo));
  }

  private boolean isSettled(long upTo) {
    boolean waits = !fresh.isEmpty() && fresh.element().ticket() <= upTo;
    OpenWindow open = router.open();
    boolean inWindow = !open.isEmpty() && open.first().ticket() <= upTo;
    if (inWindow && !waits) {
      hurry();
    }
    return !waits && !inWindow && (unsettled.isEmpty() || unsettled.firstKey() > upTo);
  }

  /** Closes the open window before its time, because somebody waits for what is in it. */
  void hurry() {
    lock.lock();
    try {
      router.hurry();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
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
    return withLock(() -> Duration.ofNanos(oldestNanos()));
  }

  private long oldestNanos() {
    long oldest = Long.MAX_VALUE;
    if (!fresh.isEmpty()) {
      oldest = fresh.element().oldestMillis();
    }
    OpenWindow open = router.open();
    if (!open.isEmpty()) {
      oldest = Math.min(oldest, open.first().oldestMillis());
    }
    if (!unsettled.isEmpty()) {
      oldest = Math.min(oldest, unsettled.firstEntry().getValue().oldestMillis());
    }
    long age = System.currentTimeMillis() - oldest;
    return oldest == Long.MAX_VALUE ? 0 : TimeUnit.MILLISECONDS.toNanos(Math.max(age, 0));
  }
}
