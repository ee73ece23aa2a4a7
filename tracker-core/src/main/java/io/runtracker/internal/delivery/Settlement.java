// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.DropReason;
import io.runtracker.internal.config.Settings;
import io.runtracker.internal.log.Backlog;
import io.runtracker.internal.log.Backlog.Room;
import io.runtracker.internal.log.FailPoint;
import io.runtracker.internal.log.Memory;
import io.runtracker.internal.log.Positions;
import io.runtracker.internal.log.SpoolException;
import io.runtracker.internal.stage.RateLimitedLog;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Ends units: delivered, set aside, or with others in their place. Belongs to the thread that
 * delivers.
 */
final class Settlement {

  /** Beyond these no further window becomes runs, which take some hundred bytes each. */
  private static final int MOST_FRESH_RUNS = 16_384;

  private final Backlog log;
  private final Journal journal;
  private final UnsettledUnits units;
  private final WindowMode mode;
  private final @Nullable SetAside setAside;
  private final long lookupDelayNanos;
  private final RateLimitedLog warnings;
  private final Consumer<FailPoint> failPoints;

  /**
   * Has ended none yet.
   *
   * @param setAside null where what is set aside is kept nowhere
   */
  Settlement(
      Backlog log,
      Journal journal,
      UnsettledUnits units,
      WindowMode mode,
      @Nullable SetAside setAside,
      Settings settings,
      RateLimitedLog warnings,
      Consumer<FailPoint> failPoints) {
    this.log = log;
    this.journal = journal;
    this.units = units;
    this.mode = mode;
    this.setAside = setAside;
    this.lookupDelayNanos = settings.lookupDelay.toNanos();
    this.warnings = warnings;
    this.failPoints = failPoints;
  }

  /** The unit is in the sink. */
  void delivered(Unit unit, long now) {
    if (unit.isRepeated) {
      Unit sweep = unit.sweeping();
      journal.sweepLater(sweep);
      sweep.notBeforeNanos = now + lookupDelayNanos;
      units.waiting().add(sweep);
      Unit oldest = units.waiting().removeSweepTooMany();
      if (oldest != null) {
        journal.giveUp(oldest);
      }
    }
    if (!unit.isWindow()) {
      mode.runTook(now - unit.handedOutNanos);
    }
    settle(unit, null);
  }

  private void settle(Unit unit, @Nullable DropReason reason) {
    failPoints.accept(FailPoint.BEFORE_SETTLE);
    journal.settle(unit, reason);
    units.remove(unit);
    failPoints.accept(FailPoint.AFTER_SETTLE);
  }

  /** Whether requests may have runs of their own. */
  boolean mayWriteRuns() {
    return mode.mayWriteRuns();
  }

  /** Whether requests have runs of their own now. */
  boolean isWritingRuns() {
    return mode.mayWriteRuns() && !mode.isOn();
  }

  /**
   * The sink takes no windows, so that runs are written for a while, where that may change.
   *
   * @param cause what it said, and where
   */
  void windowsRefused(String cause, long now) {
    if (mode.windowsRefused(now)) {
      warnings.warn(
          "refused window", "The server takes no windows; runs are written for a while: " + cause);
    }
  }

  /**
   * Sets a unit aside for good, with the reason where a person can read it.
   *
   * @return false when it cannot be kept now, and is to be tried again
   */
  boolean setAside(Unit unit, DropReason reason, String cause) {
    failPoints.accept(FailPoint.BEFORE_SET_ASIDE);
    if (setAside != null) {
      try {
        List<byte[]> events = new ArrayList<>();
        if (unit.event != null) {
          events.add(unit.event);
        } else {
          log.read(unit.positions, event -> events.add(Unit.bytesOf(event)));
        }
        if (!events.isEmpty()) {
          setAside.add(unit.id, reason + ": " + cause, events);
        }
      } catch (IOException | RuntimeException e) {
        warnings.warn("set aside", "A refused request cannot be set aside; it is tried again", e);
        return false;
      }
    }
    failPoints.accept(FailPoint.AFTER_SET_ASIDE);
    settle(unit, reason);
    return true;
  }

  /**
   * Others take the place of a window: all of them or, where memory is short, none yet.
   *
   * @return false when too many wait, and it is to be tried again
   */
  boolean split(Unit whole) throws SpoolException {
    if (!whole.becomesRuns) {
      return isSplitIntoWindows(whole);
    }
    if (units.waiting().fresh() > MOST_FRESH_RUNS) {
      return false;
    }
    giveRuns(whole.positions, runs -> takeInTried(runs, whole));
    units.remove(whole);
    journal.giveUp(whole);
    return true;
  }

  /** Where there is little room for plans, one after the other is taken apart, and to its end. */
  private boolean isSplitIntoWindows(Unit whole) throws SpoolException {
    if (log.room() != Room.FOR_ALL && !units.isFirstReadAgain(whole)) {
      return false;
    }
    failPoints.accept(FailPoint.BEFORE_SPLIT);
    List<Unit> parts = whole.parts();
    journal.split(whole, parts);
    units.takeInAll(parts);
    units.remove(whole);
    failPoints.accept(FailPoint.AFTER_SPLIT);
    return true;
  }

  /** What could not be put into a window again gets runs of its own, or is lost. */
  void partWith(Unit window) throws SpoolException {
    giveRuns(window.leftOut, units::takeInAllFresh);
    units.partedWith(window.leftOut.size());
    window.leftOut = Positions.NONE;
  }

  private void takeInTried(List<Unit> runs, Unit whole) {
    if (whole.size() == 1) {
      runs.forEach(run -> run.tries = whole.tries.ofRun());
      units.takeInAll(runs);
    } else {
      units.takeInAllFresh(runs);
    }
  }

  /** On disk they are read again when they are sent: there may be many. */
  private void giveRuns(Positions apart, Consumer<List<Unit>> takeIn) throws SpoolException {
    boolean isReadAgain = log.isKept(apart);
    List<Unit> made = new ArrayList<>();
    Positions.Builder found = new Positions.Builder();
    log.read(
        apart,
        event -> {
          Unit run = Unit.runOf(event);
          run.isReadAgain = isReadAgain;
          made.add(isReadAgain ? run : run.holding(event));
          found.add(event.position());
        });
    Memory memory = log.memory();
    if (memory != null) {
      Positions lost = apart.minus(found.build());
      memory.lost(lost);
      journal.giveUpRuns(lost);
    }
    takeIn.accept(made); // last: a fault before it is tried again, and no run is taken in twice
  }
}
