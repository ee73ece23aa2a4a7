// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The runs that memory holds, waiting for their time or handed out, until each is settled. Under
 * the lock of the memory.
 */
final class PendingRuns {

  private static final Comparator<PendingRun> BY_TIME =
      Comparator.comparingLong(PendingRun::notBeforeNanos);

  private final TreeMap<Long, PendingRun> unsettled = new TreeMap<>();
  private final PriorityQueue<PendingRun> events = new PriorityQueue<>(BY_TIME);
  private final PriorityQueue<PendingRun> windows = new PriorityQueue<>(BY_TIME);

  void add(PendingRun run) {
    unsettled.put(run.ticket(), run);
    retry(run);
  }

  /** Takes back a run that was handed out. */
  void retry(PendingRun run) {
    (run instanceof PendingWindow ? windows : events).add(run);
  }

  /** A run whose time has come, or null; windows first, because they hold most. */
  @Nullable PendingRun poll(long now) {
    PendingRun window = pollWindow(now);
    return window != null ? window : poll(events, now);
  }

  @Nullable PendingRun pollWindow(long now) {
    return poll(windows, now);
  }

  private static @Nullable PendingRun poll(PriorityQueue<PendingRun> queue, long now) {
    PendingRun first = queue.peek();
    return first != null && first.notBeforeNanos() - now <= 0 ? queue.poll() : null;
  }

  /** When {@link #poll} will have one, if that is before the deadline. */
  long dueNanos(long deadline) {
    return Math.min(dueNanos(events, deadline), windowDueNanos(deadline));
  }

  /** When {@link #pollWindow} will have one, if that is before the deadline. */
  long windowDueNanos(long deadline) {
    return dueNanos(windows, deadline);
  }

  private static long dueNanos(PriorityQueue<PendingRun> queue, long deadline) {
    return queue.isEmpty() ? deadline : Math.min(deadline, queue.element().notBeforeNanos());
  }

  /** Requests that wait to become runs of their own. */
  int waitingEvents() {
    return events.size();
  }

  /** Forgets a run; false when it was forgotten before. */
  boolean settle(PendingRun run) {
    return unsettled.remove(run.ticket()) != null;
  }

  /** The run that came in first of those that are not settled, or null. */
  @Nullable PendingRun oldest() {
    return unsettled.isEmpty() ? null : unsettled.firstEntry().getValue();
  }

  /** Requests that are in no spool. */
  long unspooled() {
    return unsettled.values().stream().mapToLong(PendingRun::unspooled).sum();
  }

  void clear() {
    unsettled.clear();
    events.clear();
    windows.clear();
  }
}
