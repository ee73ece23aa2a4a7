// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.internal.log.SpoolException;
import io.runtracker.sink.SinkException.Kind;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a window that failed: it is tried again, taken apart into smaller ones, or its
 * requests get runs of their own. Belongs to the thread that delivers.
 */
final class FailedWindows {

  private static final long NO_ROOM_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final WindowSize size;
  private final Settlement settlement;
  private final UnsettledUnits units;
  private final Blame blame;
  private final Retries retries;

  /** Since the sink took none last. */
  private boolean havePassed;

  /** As a window, and none passed since. */
  private @Nullable Tries refusedLast;

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
    refusedLast = null;
    size.passed(window.bytes);
  }

  /**
   * Whether a window is refused because it is one, and its requests may have runs. One such answer
   * may be about what is in it; after two of different windows none is written for a while.
   */
  boolean isRefusedAsSuch(Unit unit, String cause) {
    boolean isNoPlace = !havePassed || blame.isShared();
    if (!unit.isWindow() || unit.splits || !isNoPlace || !settlement.mayWriteRuns()) {
      return false;
    }
    Tries refused = unit.tries.root;
    boolean isTheSecond = refusedLast != null && refusedLast != refused;
    refusedLast = refused;
    if (isTheSecond) {
      settlement.windowsRefused(cause, System.nanoTime());
      havePassed = false;
    }
    return true;
  }

  /**
   * What a window failed for may be one of its requests, so it is taken apart: when others pass;
   * or, when nothing does, one window down to one of its requests, because a smaller one may pass.
   * Where that finds nothing, and requests have runs now, so have those of the window.
   */
  void failed(Unit window, Kind kind, boolean othersPass) throws SpoolException {
    if (kind == Kind.TOO_LARGE) {
      size.tooLarge(window.bytes, window.isPart(), window.tries.root);
    }
    if (kind == Kind.GONE) {
      window.runIsGone();
    }
    boolean isItsOwn = othersPass && (Outcomes.isFinal(kind) || window.tries.areSuspect());
    boolean isTriedEnough = window.tries.failed >= triesBeforeParts(kind);
    boolean mayBeFoundInParts =
        kind != Kind.UNSUPPORTED
            && (window.contentWasSent || kind == Kind.TOO_LARGE)
            && blame.mayBeFoundInParts(window.tries);
    boolean isWorthTheTry = isTriedEnough && mayBeFoundInParts && isSmallest(window);
    if (isItsOwn || isWorthTheTry) {
      if (kind == Kind.TOO_LARGE) {
        window.splitBecauseOfItsSize();
      } else {
        window.splitBecauseOfItsContent();
      }
      takeApart(window);
    } else if (isTriedEnough && !mayBeFoundInParts && mayPassAsRuns(window, kind)) {
      becomesRuns(window);
    } else {
      // Few windows are held at once; were all of them such, no other would be tried.
      if (window.mayExist || window.tries.areSuspect() || isTriedEnough) {
        units.standAside(window);
      }
      retries.later(window);
    }
  }

  /** Whether no other window that is worth taking apart has fewer requests. */
  private boolean isSmallest(Unit window) {
    return units.windows().stream()
        .filter(other -> other.size() > 1 && other.size() < window.size() && !other.splits)
        .noneMatch(other -> blame.mayBeFoundInParts(other.tries));
  }

  /**
   * Where requests have runs now, no other window may ever tell of this one. Where nothing passes
   * at all, the runs of one window are enough to find out whether they do.
   */
  private boolean mayPassAsRuns(Unit window, Kind kind) {
    boolean isTheFirst = kind != Kind.UNAVAILABLE && units.waiting().fresh() == 0;
    return settlement.isWritingRuns() && (isTheFirst || blame.anyPassed(window.tries));
  }

  /** Where no window passes, nobody can tell of a request that is alone in one. */
  boolean isBetterJudgedAsRun(Unit unit, Kind kind, boolean othersPass) {
    return unit.isWindow()
        && !othersPass
        && settlement.mayWriteRuns()
        && unit.tries.failed >= triesBeforeParts(kind)
        && !blame.isGuilty(unit.tries, Outcomes.isFinal(kind)); // windows told enough
  }

  void becomesRuns(Unit window) throws SpoolException {
    window.splitIntoRuns();
    takeApart(window);
  }

  /** Others take its place, or it waits until there is room for them. */
  void split(Unit window) throws SpoolException {
    if (!settlement.split(window)) {
      retries.after(window, NO_ROOM_NANOS);
    }
  }

  /** At once where nothing is in the sink that has to be taken back before. */
  private void takeApart(Unit window) throws SpoolException {
    units.standAside(window);
    if (window.runId == null && !window.mayExist) {
      split(window);
    } else {
      retries.after(window, 0);
    }
  }

  /** The less an answer sounds as if it were about the content, the more. */
  private static int triesBeforeParts(Kind kind) {
    return Outcomes.isFinal(kind) ? 1 : kind == Kind.UNAVAILABLE ? 5 : 2;
  }
}
