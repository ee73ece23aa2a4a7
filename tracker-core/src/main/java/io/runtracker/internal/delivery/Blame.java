// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import org.jspecify.annotations.Nullable;

/**
 * Whose fault a failure is: that of the unit, by what is in it, or that of what all units share,
 * such as the server. The answer does not tell: a firewall answers 403 to one request, and a server
 * to all. So others tell: a unit is blamed for a failure only when others passed since its last
 * one. For a window only windows tell: where the store of their files is away, runs pass. For a run
 * all do, because a window takes the calls of a run and more.
 *
 * <p>Belongs to the thread that delivers.
 */
final class Blame {

  /** So seldom a good unit may fail so often by chance, in as far as others tell how it falls. */
  private static final double LOG_OF_CHANCE = Math.log(1e-6);

  /**
   * A server that fails so many of all calls by chance fails one ten times in a row that seldom.
   */
  private static final double HIGH_SHARE = 0.25;

  /** A server in trouble refuses in the same words as one that means it, but not so often. */
  private static final int REFUSALS = 3;

  /** So many requests that fail one by one, while nothing passes, are not at fault. */
  private static final int MOST_ALONE_IN_VAIN = 8;

  private final int maxTries;
  private final int places;
  private final Others all = new Others();
  private final Others windows = new Others();

  // Since the last that passed.
  private boolean areSeveralFailing;
  private int failedInARow;

  /** Since the last window that passed. */
  private int aloneInVain;

  /** Those by which a unit is judged. */
  private static final class Others {
    long passed;
    long begunToFail;

    /** Since the last of them that passed. */
    @Nullable Tries failedLast;

    void passed() {
      passed++;
      failedLast = null;
    }
  }

  /**
   * Blames nobody yet.
   *
   * @param maxTries how often a unit may fail, see {@link #isGuilty}
   * @param places so many calls are under way at once: those that pass while one of them fails
   *     began after it, where they are as many
   */
  Blame(int maxTries, int places) {
    this.maxTries = maxTries;
    this.places = places;
  }

  /** How many have passed. */
  long allPassed() {
    return all.passed;
  }

  void passed(Tries tries) {
    all.passed();
    if (tries.isOfWindow) {
      windows.passed();
      aloneInVain = 0;
    }
    areSeveralFailing = false;
    failedInARow = 0;
  }

  private Others othersOf(Tries tries) {
    return tries.isOfWindow ? windows : all;
  }

  /**
   * Counts a failure.
   *
   * @param isAlone whether the unit is a single request
   * @param passedAtStart what {@link #allPassed} was when the try began
   * @return whether others pass: since this unit's last failure, or, where it is its first, since
   *     the last failure of another
   */
  boolean failed(Tries tries, boolean isAlone, long passedAtStart) {
    Others others = othersOf(tries);
    boolean wasSuspect = tries.areSuspect();
    boolean isRoot = tries.root == tries;
    boolean isFoundAlone = isAlone && tries.ownFailed() == 0 && !(isRoot && tries.failed == 0);
    boolean othersPass;
    tries.isOutpaced |= isAlone && all.passed - passedAtStart >= places;
    if (tries.failed++ == 0) {
      othersPass = others.failedLast == null && others.passed > 0;
      if (isRoot) {
        beginsToFail(tries.isOfWindow);
        tries.standsForOneInIt = !isAlone;
      }
      tries.passedAtFirst = others.passed;
      tries.begunAtFirst = others.begunToFail;
      tries.allPassedAtFirst = all.passed;
      tries.allBegunAtFirst = all.begunToFail;
      tries.blamed = 1;
    } else {
      othersPass = othersPassed(tries);
      tries.blamed += othersPass ? 1 : 0;
    }
    if (isFoundAlone && !tries.takesThePlaceOfItsRoot()) {
      beginsToFail(tries.isOfWindow);
      tries.begunAtFirst++; // it is not one of the others
      tries.allBegunAtFirst++;
    }
    tries.passedBefore = others.passed;
    tries.allPassedBefore = all.passed;
    if (!wasSuspect) { // what is known to fail says nothing of the server
      addToTheRow(tries, isAlone);
    }
    return othersPass;
  }

  private void beginsToFail(boolean isOfWindow) {
    all.begunToFail++;
    windows.begunToFail += isOfWindow ? 1 : 0;
  }

  private void addToTheRow(Tries tries, boolean isAlone) {
    areSeveralFailing |= all.failedLast != null && all.failedLast.root != tries.root;
    failedInARow++;
    all.failedLast = tries;
    if (tries.isOfWindow) {
      windows.failedLast = tries;
      aloneInVain += isAlone && !tries.areSuspect() ? 1 : 0;
    }
  }

  /** Whether two different units failed in a row, and none has passed since. */
  boolean isShared() {
    return areSeveralFailing;
  }

  /**
   * Whether that holds, and so many tries failed in a row that it is hardly bad units alone that
   * met by chance: where one in ten is bad, two of them often do.
   */
  boolean isSharedBeyondChance(int inARow) {
    return areSeveralFailing && failedInARow >= inARow;
  }

  /** Whether what was tried last fails again and again, and is all there is to try. */
  boolean isNothingPassing() {
    Tries last = all.failedLast;
    return last != null && last.failed >= 3 && !last.areSuspect();
  }

  /** Whether any unit has passed since this one failed last. */
  boolean othersPassed(Tries tries) {
    return othersOf(tries).passed > tries.passedBefore;
  }

  /** Whether any unit, of either form, has passed since this one failed first. */
  boolean anyPassed(Tries tries) {
    return all.passed > tries.allPassedAtFirst;
  }

  /**
   * Whether it failed as often as it may: half of that (or, where it is refused, twice) while
   * others passed, and as often by itself, not in a window; or by itself more often, where so many
   * others began to fail meanwhile that it might be chance.
   *
   * @param isRefused whether the server said that it understood it, and will never take it
   */
  boolean isGuilty(Tries tries, boolean isRefused) {
    long others = othersOf(tries).passed - tries.passedAtFirst;
    double failing = othersOf(tries).begunToFail - tries.begunAtFirst;
    double share = (failing + 0.5) / (failing + others + 1);
    int beyondChance = (int) Math.min(Math.ceil(LOG_OF_CHANCE / Math.log(share)), 1_000_000);
    if (share <= HIGH_SHARE) {
      beyondChance = Math.min(beyondChance, maxTries - tries.failedAsWindow);
    }
    int usual = isRefused ? Math.min(REFUSALS, maxTries) : maxTries;
    int half = (maxTries + 1) / 2;
    int least = isRefused ? Math.min(2, half) : half;
    // A window's failures may be another request's, so they are no evidence against chance.
    return others > 0
        && tries.failed >= usual
        && tries.blamed >= least
        && tries.ownFailed() >= Math.max(least, beyondChance);
  }

  /** Whether taking units apart may still find out that it is something in them. */
  boolean mayBeFoundInParts() {
    return aloneInVain < MOST_ALONE_IN_VAIN;
  }
}
