// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.util.EnumMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Decides which requests go into windows, and when a window closes. Under the lock of the memory
 * that the requests are in.
 */
final class WindowRouter {

  /** More windows than these are not closed and unsettled: they hold many requests each. */
  static final int MOST_UNSETTLED = 2;

  private final TrackAs trackAs;
  private final long slowNanos;
  private final String source;
  private final Counts counts;
  private final OpenWindow open;
  private Map<DropReason, Long> droppedBefore = Map.of();
  private long closed;
  private int unsettled;
  private boolean hurried;

  /**
   * @param trackAs {@link TrackAs#RUN} where the sink takes no windows
   * @param drafts the sink's
   * @param source what makes the ids of windows unique
   */
  WindowRouter(
      Settings settings,
      TrackAs trackAs,
      Supplier<WindowDraft> drafts,
      String source,
      Counts counts) {
    this.trackAs = trackAs;
    this.slowNanos = settings.slowThreshold().toNanos();
    this.source = source;
    this.counts = counts;
    this.open = new OpenWindow(settings, drafts);
  }

  TrackAs trackAs() {
    return trackAs;
  }

  OpenWindow open() {
    return open;
  }

  /** Those of the open window. */
  WindowMembers waiting() {
    return open.members();
  }

  /**
   * Whether a request is to go into the window. What may have been sent as a run already must stay
   * one.
   *
   * @param crowded whether memory is so full that none may wait for a run of its own any more
   */
  boolean goesIntoWindow(PendingEvent run, boolean crowded) {
    if (run.runId() != null || run.mayExist()) {
      return false;
    }
    return trackAs == TrackAs.WINDOW || crowded || isPlain(run.event());
  }

  private boolean isPlain(RequestEvent event) {
    return event.status() == RunStatus.FINISHED
        && event.durationNanos() < slowNanos
        && !event.hasOwnData();
  }

  private boolean mayClose() {
    return unsettled < MOST_UNSETTLED;
  }

  /**
   * Whether the open window is to close now.
   *
   * @param early whether to wait no longer for its time or size
   */
  boolean isDue(boolean early, long now) {
    return !waiting().isEmpty()
        && mayClose()
        && (early || hurried || open.isFull() || open.dueNanos() - now <= 0);
  }

  /** When {@link #isDue} will be true at the latest, if that is before the deadline. */
  long dueNanos(long deadline) {
    return waiting().isEmpty() || !mayClose() ? deadline : Math.min(deadline, open.dueNanos());
  }

  /** Closes the open window before its time, because somebody waits for what is in it. */
  void hurry() {
    hurried = !waiting().isEmpty();
  }

  PendingWindow close(long now) {
    hurried = false;
    closed++;
    PendingWindow window = open.close(source + "-w" + closed, droppedSinceLast());
    window.notBefore(now);
    return window;
  }

  private Map<DropReason, Long> droppedSinceLast() {
    Map<DropReason, Long> dropped = counts.ledger().dropped();
    Map<DropReason, Long> since = new EnumMap<>(DropReason.class);
    dropped.forEach(
        (reason, count) -> {
          long more = count - droppedBefore.getOrDefault(reason, 0L);
          if (more > 0) {
            since.put(reason, more);
          }
        });
    droppedBefore = dropped;
    return since;
  }

  /** A window became one of those to deliver. */
  void kept() {
    unsettled++;
  }

  /** A window was delivered or dropped. */
  void settled() {
    unsettled--;
  }
}
