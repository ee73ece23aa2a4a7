// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.internal.log.SpoolException;
import io.runtracker.sink.SinkException.Kind;

/**
 * What becomes of a window that failed: it is tried again, taken apart into smaller ones, or its
 * requests get runs of their own. Belongs to the thread that delivers.
 */
final class FailedWindows {

  private final WindowSize size;
  private final Settlement settlement;
  private final UnsettledUnits units;
  private final Blame blame;
  private final Retries retries;

  /** Since the sink took none last. */
  private boolean havePassed;

  FailedWindows(
      WindowSize size, Settlement settlement, UnsettledUnits units, Blame blame, Retries retries) {
    this.size = size;
    this.settlement = settlement;
    this.units = units;
    this.blame = blame;
    this.retries = retries;
  }

  void passed(Unit window) {
    havePassed = true;
    size.passed(window.bytes);
  }

  /** Whether it is a window that is refused because it is one, and its requests may have runs. */
  boolean areRefused(Unit unit, String cause) {
    boolean isNoPlaceForWindows = !havePassed || blame.isShared();
    boolean isRefusedWindow = unit.isWindow() && !unit.splits && isNoPlaceForWindows;
    if (!isRefusedWindow || !settlement.windowsRefused(cause, System.nanoTime())) {
      return false;
    }
    havePassed = false;
    return true;
  }

  /**
   * What a window failed for may be one of its requests, so it is taken apart: when others pass;
   * or, when nothing does, one window down to one of its requests, because a smaller one may pass.
   */
  void failed(Unit window, Kind kind, boolean othersPass) throws SpoolException {
    if (kind == Kind.TOO_LARGE) {
      size.tooLarge(window.bytes, window.isPart());
    }
    boolean existed = window.runId != null;
    if (kind == Kind.GONE) {
      window.runId = null; // it is created again
    }
    boolean isItsOwn = othersPass && (Outcomes.isFinal(kind) || window.tries.areSuspect());
    boolean isWorthTheTry =
        kind != Kind.UNSUPPORTED
            && (existed || kind == Kind.TOO_LARGE)
            && window.tries.failed >= triesBeforeParts(kind)
            && blame.mayBeFoundInParts()
            && units.isSmallest(window);
    if (isItsOwn || isWorthTheTry) {
      if (kind == Kind.TOO_LARGE) {
        window.splitBecauseOfItsSize();
      } else {
        window.splitBecauseOfItsContent();
      }
      takeApart(window);
    } else {
      // Few windows are held at once; were all of them such, no other would be tried.
      if (window.tries.areSuspect() || window.tries.failed >= triesBeforeParts(kind)) {
        units.standAside(window);
      }
      retries.later(window);
    }
  }

  /** Where no window passes, nobody can tell of a request that is alone in one. */
  boolean isBetterJudgedAsRun(Unit unit, Kind kind, boolean othersPass) {
    return unit.isWindow()
        && !othersPass
        && settlement.mayWriteRuns()
        && unit.tries.failed >= triesBeforeParts(kind);
  }

  void becomesRuns(Unit window) throws SpoolException {
    window.splitIntoRuns();
    takeApart(window);
  }

  /** At once where nothing is in the sink that has to be taken back before. */
  private void takeApart(Unit window) throws SpoolException {
    units.standAside(window);
    if (window.runId == null && !window.mayExist) {
      settlement.split(window);
    } else {
      retries.after(window, 0);
    }
  }

  /** The less an answer sounds as if it were about the content, the more. */
  private static int triesBeforeParts(Kind kind) {
    return Outcomes.isFinal(kind) ? 1 : kind == Kind.UNAVAILABLE ? 5 : 2;
  }
}
