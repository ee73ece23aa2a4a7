// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.internal.config.Settings;
import io.runtracker.internal.log.Backlog;
import io.runtracker.internal.log.Positions;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The units that are neither delivered nor set aside, and the memory that they take. Belongs to the
 * thread that delivers.
 */
final class UnsettledUnits {

  /** More requests than these do not wait for runs of their own in memory, nor more bytes. */
  private static final int MOST_RUNS = 1024;

  private static final long MOST_RUN_BYTES = 8L << 20;

  /** A run that stands aside takes some 400 bytes, though its request may be on disk alone. */
  private static final int MOST_ASIDE = 32_768;

  private final Backlog log;
  private final WaitingUnits waiting;

  // The oldest first; runs that stand aside apart.
  private final Set<Unit> windows = new LinkedHashSet<>();
  private final Set<Unit> runs = new LinkedHashSet<>();
  private final Set<Unit> runsAside = new LinkedHashSet<>();

  // Of those that are held in memory and do not stand aside.
  private int windowsHeld;
  private int runsHeld;
  private long runBytes;
  private volatile long mostRunBytes = MOST_RUN_BYTES;
  private long rowsHeld;

  /** Of all windows. */
  private long rows;

  UnsettledUnits(Backlog log, Settings settings) {
    this.log = log;
    this.waiting = new WaitingUnits(settings);
  }

  /** Those of them that wait to be sent. */
  WaitingUnits waiting() {
    return waiting;
  }

  /** A unit is known, and waits; or, where memory is short, neither. */
  void takeIn(Unit unit) {
    takeIn(unit, waiting::add);
  }

  /** As {@link #takeIn}, a run that was never tried. */
  void takeInFresh(Unit run) {
    takeIn(run, waiting::addFresh);
  }

  /** All of them or, where memory is short, none. */
  void takeInAll(List<Unit> units) {
    takeInAll(units, waiting::add);
  }

  /** As {@link #takeInAll}, runs that were never tried. */
  void takeInAllFresh(List<Unit> runs) {
    takeInAll(runs, waiting::addFresh);
  }

  private void takeIn(Unit unit, Consumer<Unit> queue) {
    queue.accept(unit);
    boolean isKnown = false;
    try {
      add(unit);
      isKnown = true;
    } finally {
      if (!isKnown) {
        waiting.remove(unit);
      }
    }
  }

  private void takeInAll(List<Unit> units, Consumer<Unit> queue) {
    int taken = 0;
    try {
      for (Unit unit : units) {
        takeIn(unit, queue);
        taken++;
      }
    } finally {
      if (taken < units.size()) {
        for (Unit unit : units.subList(0, taken)) {
          remove(unit);
          waiting.remove(unit);
        }
      }
    }
  }

  private void add(Unit unit) {
    (unit.isWindow() ? windows : runs).add(unit);
    count(unit, 1);
    if (!unit.isWindow() && !unit.isReadAgain) {
      runBytes += unit.bytes;
      log.holdOnHeap(unit.bytes);
    }
  }

  /** Does nothing a second time: what settles a unit may be begun again after a fault. */
  void remove(Unit unit) {
    boolean isKnown = unit.isWindow() ? windows.remove(unit) : runs.remove(unit);
    if (!isKnown && !runsAside.remove(unit)) {
      return;
    }
    count(unit, -1);
    if (!unit.isWindow() && !unit.isReadAgain) {
      runBytes -= unit.standsAside ? 0 : unit.bytes;
      log.holdOnHeap(-unit.bytes);
    }
  }

  /** What is read again takes no room here, and keeps none from others. */
  private void count(Unit unit, int sign) {
    rows += unit.isWindow() ? sign * unit.size() : 0;
    if (!unit.isReadAgain && !unit.standsAside) {
      windowsHeld += unit.isWindow() ? sign : 0;
      runsHeld += unit.isWindow() ? 0 : sign;
      rowsHeld += unit.isWindow() ? sign * unit.size() : 0;
    }
  }

  /**
   * A unit that failed lets others be read, however often it is tried. Were there only such, no
   * other would pass, and nobody could tell that it is them and not the sink.
   */
  void standAside(Unit unit) {
    if (unit.standsAside) {
      return;
    }
    boolean isRun = runs.contains(unit);
    if (isRun) {
      runsAside.add(unit); // first: memory may be short
      runs.remove(unit);
    }
    count(unit, -1);
    unit.standsAside = true;
    count(unit, 1);
    if (isRun) {
      letGo(unit);
    }
    unit.isReadAgain |= unit.isWindow();
  }

  /** A run that stands aside need not be held where it can be read again. */
  private void letGo(Unit run) {
    if (!run.isReadAgain) {
      runBytes -= run.bytes;
      if (log.isKept(run.positions)) {
        run.isReadAgain = true;
        log.holdOnHeap(-run.bytes);
      }
    }
  }

  /** So many rows of a window are no longer in it. */
  void partedWith(long leftOut) {
    rows -= leftOut;
  }

  boolean contains(Unit unit) {
    return windows.contains(unit) || runs.contains(unit) || runsAside.contains(unit);
  }

  /** Whether no other window that is read again, and might be split, begins before this one. */
  boolean isFirstReadAgain(Unit window) {
    return windows.stream()
        .filter(other -> other.isReadAgain && other.size() > 1 && other.takingBackFailed == 0)
        .noneMatch(other -> other.positions.first() < window.positions.first());
  }

  /** The oldest first. */
  Collection<Unit> windows() {
    return Collections.unmodifiableSet(windows);
  }

  /** Whether a run is held that did not fail. */
  boolean holdsRun() {
    return runsHeld > 0;
  }

  /** Whether one more request may wait in memory for a run of its own. */
  boolean mayHoldRun() {
    return runsHeld < MOST_RUNS && runBytes < mostRunBytes;
  }

  /** At most so many bytes of them, where other lines share the heap. */
  void mayHoldRuns(long bytes) {
    mostRunBytes = Math.min(MOST_RUN_BYTES, bytes);
  }

  /** Whether runs that stand aside take all the memory that they may take. */
  boolean areTooManyAside() {
    return runsAside.size() >= MOST_ASIDE;
  }

  int windowsHeld() {
    return windowsHeld;
  }

  /** How many requests are in windows that are held in memory and did not fail. */
  long rowsHeld() {
    return rowsHeld;
  }

  /** How many requests are in windows. */
  long rows() {
    return rows;
  }

  /** The requests that are in windows, or were until their windows were read again. */
  Positions inWindows() {
    List<Positions> all = new ArrayList<>();
    for (Unit window : windows) {
      all.add(window.positions);
      all.add(window.leftOut);
    }
    return Positions.union(all);
  }

  /** When the oldest request was complete, without the runs that stand aside. */
  long oldestMillis() {
    long oldest = oldestOf(runs);
    for (Unit window : windows) {
      oldest = Math.min(oldest, window.oldestMillis);
    }
    return oldest;
  }

  /** As {@link #oldestMillis}, of the runs that stand aside. */
  long oldestAsideMillis() {
    return oldestOf(runsAside);
  }

  private static long oldestOf(Set<Unit> runs) {
    Iterator<Unit> byAge = runs.iterator(); // of a thousand the first is the oldest
    return byAge.hasNext() ? byAge.next().oldestMillis : Long.MAX_VALUE;
  }
}
