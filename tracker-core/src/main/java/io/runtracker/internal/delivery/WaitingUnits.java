// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.internal.config.Settings;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The units that wait to be sent, and which of them is next. Belongs to the thread that delivers.
 */
final class WaitingUnits {

  /** More mean a server out of its mind; the oldest are then left to be found by hand. */
  private static final int MOST_SWEEPS = 1_000;

  static final Comparator<Unit> BY_TIME = Comparator.comparingLong(unit -> unit.notBeforeNanos);

  /** What has failed less may rather pass, and what is small may hold nothing bad. */
  private static final Comparator<Unit> BY_HOPE =
      Comparator.comparingInt(WaitingUnits::failed)
          .thenComparingInt(Unit::size)
          .thenComparing(BY_TIME);

  private final long lookupDelayNanos;
  private final PriorityQueue<Unit> windows = new PriorityQueue<>(BY_TIME);
  private final PriorityQueue<Unit> runs = new PriorityQueue<>(BY_TIME);
  private final PriorityQueue<Unit> sweeps = new PriorityQueue<>(BY_TIME);

  /** Of either form. */
  private final Suspects suspects;

  /** Runs that were never tried, the oldest first. */
  private final Deque<Unit> fresh = new ArrayDeque<>();

  WaitingUnits(Settings settings) {
    this.lookupDelayNanos = settings.lookupDelay.toNanos();
    this.suspects = new Suspects(settings.maxRetryDelay.toNanos());
  }

  /** Adds a run that was never tried, and that nobody else may have written. */
  void addFresh(Unit run) {
    fresh.add(run);
  }

  void add(Unit unit) {
    if (isSuspect(unit)) {
      suspects.add(unit);
    } else {
      queueOf(unit).add(unit);
    }
  }

  /** Adds one that fails; where it fails while others pass, it waits until they do once more. */
  void addUntilOthersPass(Unit unit) {
    if (isSuspect(unit)) {
      suspects.addUntilOthersPass(unit);
    } else {
      queueOf(unit).add(unit);
    }
  }

  private static int failed(Unit unit) {
    return unit.tries.failed + unit.triesToTakeBack.failed;
  }

  private static boolean isSuspect(Unit unit) {
    return !unit.sweeps && unit.tries.areSuspect();
  }

  private PriorityQueue<Unit> queueOf(Unit unit) {
    return unit.sweeps ? sweeps : unit.isWindow() ? windows : runs;
  }

  /** Takes out what was shown. */
  void take(Unit unit, long now) {
    remove(unit);
    unit.handedOutNanos = now;
  }

  void remove(Unit unit) {
    if (isSuspect(unit)) {
      suspects.remove(unit);
    } else if (!fresh.remove(unit)) {
      queueOf(unit).remove(unit);
    }
  }

  /** Takes out the oldest sweep where there are too many; null where there are not. */
  @Nullable Unit removeSweepTooMany() {
    return sweeps.size() > MOST_SWEEPS ? sweeps.remove() : null;
  }

  /** How many runs wait that were never tried. */
  int fresh() {
    return fresh.size();
  }

  /** How many wait that fail while others pass. */
  int suspects() {
    return suspects.size();
  }

  /** Whether one of them waits for time alone, and not until another passes. */
  boolean hasSuspectWorthATry() {
    return suspects.isAnyWorthATry();
  }

  /** A unit has passed, so that those of its form that fail tell something again. */
  void othersPassed(Unit.Kind kind) {
    suspects.othersPassed(kind);
  }

  /**
   * The sink is back: what failed by its fault need not wait any longer than it takes to look a run
   * up for sure.
   */
  void hasteBack() {
    for (PriorityQueue<Unit> queue : List.of(windows, runs)) {
      List<Unit> all = new ArrayList<>(queue);
      queue.clear();
      for (Unit unit : all) {
        if (unit.tries.failed > 0) {
          long soon = unit.failedNanos + (unit.mayExist ? lookupDelayNanos : 0);
          unit.notBeforeNanos = soon - unit.notBeforeNanos < 0 ? soon : unit.notBeforeNanos;
        }
        queue.add(unit);
      }
    }
  }

  /**
   * The unit to try next of those that may well pass, or null when none is due.
   *
   * @param windowsToo whether windows may be begun; that does not depend on how many runs are under
   *     way, so that slow runs never hold up what relieves them
   * @param runsToo whether runs may be begun
   */
  @Nullable Unit due(boolean windowsToo, boolean runsToo, long now) {
    Unit next = windowsToo ? due(windows, now) : null;
    if (next == null && runsToo) {
      next = due(runs, now);
      next = next == null ? fresh.peek() : next;
      next = next == null ? due(sweeps, now) : next;
    }
    return next;
  }

  /** The one to try next of those that fail while others pass, or null when none is due. */
  @Nullable Unit dueSuspect(long now) {
    return suspects.due(now);
  }

  /**
   * The unit of which most can be learned when all fail, or null when none is due: the one that has
   * failed least. Were it one that always fails, nobody would ever hear that the others pass.
   */
  @Nullable Unit dueProbe(boolean windowsToo, boolean runsToo, long now) {
    Unit window = windowsToo ? mostHopeful(windows.stream(), now) : null;
    if (window != null && failed(window) == 0) {
      return window;
    }
    if (runsToo && !fresh.isEmpty()) {
      return fresh.peek();
    }
    return Stream.of(
            window,
            runsToo ? mostHopeful(runs.stream(), now) : null,
            runsToo ? mostHopeful(suspects.stream(), now) : null,
            runsToo ? due(sweeps, now) : null)
        .filter(Objects::nonNull)
        .min(BY_HOPE)
        .orElse(null);
  }

  private static @Nullable Unit mostHopeful(Stream<Unit> units, long now) {
    return units.filter(unit -> unit.notBeforeNanos - now <= 0).min(BY_HOPE).orElse(null);
  }

  private static @Nullable Unit due(PriorityQueue<Unit> queue, long now) {
    Unit first = queue.peek();
    return first != null && first.notBeforeNanos - now <= 0 ? first : null;
  }

  /** When the next of those is due that may well pass, if that is before the deadline. */
  long dueNanos(boolean windowsToo, boolean runsToo, long deadline) {
    long due = windowsToo ? dueNanos(windows, deadline) : deadline;
    return runsToo ? dueNanos(runs, dueNanos(sweeps, due)) : due;
  }

  private static long dueNanos(PriorityQueue<Unit> queue, long deadline) {
    return queue.isEmpty() ? deadline : Math.min(deadline, queue.element().notBeforeNanos);
  }

  /**
   * When the next of those is due that fail while others pass, if that is before the deadline.
   *
   * @param isProbe whether it would be a probe, which need not wait until others have passed
   */
  long suspectDueNanos(boolean isProbe, long deadline) {
    return isProbe ? suspects.probeDueNanos(deadline) : suspects.dueNanos(deadline);
  }
}
