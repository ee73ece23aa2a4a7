// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
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
 */
final class MemoryBacklog implements Backlog {

  private final DuplicateSweep sweep;
  private final Counts counts;
  private final RateLimitedLog log;
  private final WindowMode mode;
  private final WindowRouter router;
  private final MemoryBudget budget;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<PendingEvent> fresh = new ArrayDeque<>();
  private final PendingRuns runs = new PendingRuns();
  private BacklogSource behind = BacklogSource.NONE;
  private long tickets;
  private boolean closed;

  MemoryBacklog(
      Settings settings,
      WindowRouter router,
      DuplicateSweep sweep,
      Counts counts,
      RateLimitedLog log) {
    this.sweep = sweep;
    this.counts = counts;
    this.log = log;
    this.mode =
        new WindowMode(
            router.trackAs(), settings.autoThreshold(), settings.queueSize(), settings.inFlight());
    this.router = router;
    this.budget = new MemoryBudget(settings);
  }

  @Override
  public int add(List<RequestEvent> group) {
    lock.lock();
    try {
      if (closed) {
        counts.dropped(DropReason.SHUTDOWN, group.size());
        return 0;
      }
      int refused = 0;
      for (RequestEvent event : group) {
        if (!takeIn(event)) {
          refused++;
        }
      }
      changed.signalAll();
      return refused;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean isFull() {
    return withLock(budget::isFull);
  }

  private boolean takeIn(RequestEvent event) {
    if (budget.isFull()) {
      return false;
    }
    PendingEvent pending = new PendingEvent(event, tickets + 1);
    if (!budget.fits(pending)) {
      return false;
    }
    tickets++;
    fresh.add(pending);
    budget.hold(pending);
    return true;
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
          return handOut(next, now);
        }
        if (now - deadline >= 0) {
          return null;
        }
        long due = windowsComeFirst() ? runs.windowDueNanos(deadline) : runs.dueNanos(deadline);
        changed.awaitNanos(router.dueNanos(due) - now);
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public @Nullable PendingRun takeWindow() {
    lock.lock();
    try {
      long now = System.nanoTime();
      arrange(now);
      PendingRun window = runs.pollWindow(now);
      return window == null ? null : handOut(window, now);
    } finally {
      lock.unlock();
    }
  }

  private PendingRun handOut(PendingRun run, long now) {
    run.handedOut(now);
    behind.handedOut(run);
    return run;
  }

  /** Sees to it that requests go where they belong now. */
  private void arrange(long now) {
    mode.look(budget.requests() - router.waiting().size() + behind.waiting(), oldestNanos(), now);
    if (mode.isOn()) {
      fillWindow(now);
    }
    if (router.isDue(budget.isCrowded() || !mode.isOn(), now)) {
      closeWindow(now);
    }
  }

  private @Nullable PendingRun next(long now) {
    arrange(now);
    PendingRun next = windowsComeFirst() ? runs.pollWindow(now) : runs.poll(now);
    while (next == null && !mode.isOn()) {
      PendingRun read = nextFresh();
      if (read == null) {
        return null;
      }
      keep(read);
      next = runs.poll(now);
    }
    return next;
  }

  /**
   * Whether so much waits for a window that no run may be begun: a window is a few calls for
   * thousands of requests, and a run as many for one.
   */
  private boolean windowsComeFirst() {
    return mode.isOn() && budget.isMuch(budget.requests() - runs.waitingEvents());
  }

  /** The next in memory or behind it, and held; not yet among the unsettled. */
  private @Nullable PendingRun nextFresh() {
    PendingRun run = fresh.poll();
    if (run == null) {
      int most = mode.isOn() ? Integer.MAX_VALUE : SpoolBacklog.MOST_RUNS_IN_MEMORY;
      run = behind.next(tickets + 1, budget.room(most));
      if (run == null) {
        return null;
      }
      tickets++;
      budget.hold(run);
    }
    return run;
  }

  /** Makes it a run, to be handed out when it is due. */
  private void keep(PendingRun run) {
    runs.add(run);
    if (run instanceof PendingWindow) {
      router.kept();
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
      if (!(run instanceof PendingEvent event && isPutIntoWindow(event, now))) {
        keep(run);
      }
    }
  }

  private boolean isPutIntoWindow(PendingEvent event, long now) {
    if (!router.goesIntoWindow(event, budget.isCrowded())) {
      return false;
    }
    try {
      router.open().add(event, now);
      return true;
    } catch (Throwable fault) {
      log.warn("draft", "A request could not be put into a window and gets its own run", fault);
      return false;
    }
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
      runs.retry(run);
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
      if (runs.settle(run)) {
        budget.release(run);
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
      long lost = fresh.size() + runs.unspooled() + router.waiting().unspooled();
      counts.dropped(DropReason.SHUTDOWN, lost);
      fresh.clear();
      router.open().clear();
      runs.clear();
      budget.clear();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public long size() {
    return withLock(() -> (long) budget.requests());
  }

  @Override
  public long bytes() {
    return withLock(budget::bytes);
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
    WindowMembers open = router.waiting();
    boolean inWindow = !open.isEmpty() && open.ticket() <= upTo;
    if (inWindow && !waits) {
      hurry();
    }
    PendingRun oldest = runs.oldest();
    return !waits && !inWindow && (oldest == null || oldest.ticket() > upTo);
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
    WindowMembers open = router.waiting();
    if (!open.isEmpty()) {
      oldest = Math.min(oldest, open.oldestMillis());
    }
    PendingRun first = runs.oldest();
    if (first != null) {
      oldest = Math.min(oldest, first.oldestMillis());
    }
    long age = System.currentTimeMillis() - oldest;
    return oldest == Long.MAX_VALUE ? 0 : TimeUnit.MILLISECONDS.toNanos(Math.max(age, 0));
  }
}
