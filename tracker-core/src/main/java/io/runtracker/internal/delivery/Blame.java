// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import org.jspecify.annotations.Nullable;

/**
 * Whose fault a failure is: that of the unit, by what is in it, or that of what all units share,
 * such as the server. The answer does not tell: a firewall answers 403 to one request, and a server
 * to all. So others of its form tell: a unit is blamed for a failure only when others passed since
 * its last one. Windows do not tell of runs, nor runs of windows: where the store of the windows'
 * files is away, runs pass; where a firewall refuses a tag of all runs, windows do.
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

  /** So many requests of one window that fail one by one are not at fault, where nothing passes. */
  private static final int MOST_ALONE_IN_VAIN = 8;

  /** So many windows are searched like that: they stay small, and the next may tell more. */
  private static final int MOST_WINDOWS_IN_VAIN = 4;

  /** So many runs fail one after the other, and the next would as well: they are not all bad. */
  private static final int MOST_RUNS_IN_VAIN = 64;

  /** So many do, and it is worth a word. */
  private static final int SEVERAL_IN_VAIN = 3;

  private final int maxTries;
  private final int places;
  private final Form runs = new Form();
  private final Form windows = new Form();
  private @Nullable Tries failedLast;

  // Since the last that passed.
  private boolean areSeveralFailing;
  private int failedInARow;

  /** Since the last window that passed. */
  private int windowsInVain;

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
    return runs.passed() + windows.passed();
  }

  private Form formOf(Tries tries) {
    return tries.isOfWindow ? windows : runs;
  }

  void passed(Tries tries) {
    formOf(tries).passed(tries.ownBlamed());
    if (tries.isOfWindow) {
      windowsInVain = 0;
    }
    failedLast = null;
    areSeveralFailing = false;
    failedInARow = 0;
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
    Form form = formOf(tries);
    boolean wasSuspect = tries.areSuspect();
    boolean isRoot = tries.root == tries;
    boolean isFoundAlone = isAlone && tries.ownFailed() == 0 && !(isRoot && tries.failed == 0);
    boolean othersPass;
    tries.isOutpaced |= isAlone && allPassed() - passedAtStart >= places;
    if (tries.failed++ == 0) {
      othersPass = form.doesPass();
      if (isRoot) {
        form.beginsToFail();
        tries.standsForOneInIt = !isAlone;
      }
      tries.runsAtFirst = runs.tally();
      tries.windowsAtFirst = windows.tally();
      tries.blamed = 1;
    } else {
      othersPass = othersPassed(tries);
      tries.blamed += othersPass ? 1 : 0;
      // More tries would tell nothing until runs pass: windows do, but do not tell of them.
      tries.isOutpaced |= !tries.isOfWindow && windows.passed() > tries.windowsPassedBefore;
    }
    if (isFoundAlone && !tries.takesThePlaceOfItsRoot()) {
      form.beginsToFail();
      tries.runsAtFirst = tries.runsAtFirst.withOneMore(!tries.isOfWindow); // it is no other
      tries.windowsAtFirst = tries.windowsAtFirst.withOneMore(tries.isOfWindow);
    }
    tries.runsPassedBefore = runs.passed();
    tries.windowsPassedBefore = windows.passed();
    form.failed(tries, wasSuspect);
    if (!wasSuspect) { // what is known to fail says nothing of the server
      addToTheRow(tries, isAlone);
    }
    return othersPass;
  }

  private void addToTheRow(Tries tries, boolean isAlone) {
    areSeveralFailing |= failedLast != null && failedLast.root != tries.root;
    failedInARow++;
    failedLast = tries;
    if (tries.isOfWindow && isAlone && !tries.areSuspect() && tries.ownFailed() == 1) {
      int found = tries.root.failsAloneInVain(windows.passed());
      windowsInVain += found == MOST_ALONE_IN_VAIN ? 1 : 0;
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
    Tries last = failedLast;
    return last != null && last.failed >= 3 && !last.areSuspect();
  }

  /** Whether any unit of its form has passed since this one failed last. */
  boolean othersPassed(Tries tries) {
    return formOf(tries).passed() > tries.passedBefore();
  }

  /** Whether any unit, of either form, has passed since this one failed first. */
  boolean anyPassed(Tries tries) {
    return allPassed() > tries.runsAtFirst.passed() + tries.windowsAtFirst.passed();
  }

  /**
   * Whether a run failed, none has passed since, and one more would tell whether runs do: not where
   * many failed already, which are hardly all bad.
   */
  boolean lacksARunThatTells() {
    return runs.isFailing && runs.failedInVain() < MOST_RUNS_IN_VAIN;
  }

  /** Whether several of its form failed, and none has passed since, while the other form passes. */
  boolean isItsFormFailing(Tries tries) {
    return !areSeveralFailing && formOf(tries).failedInVain() >= SEVERAL_IN_VAIN;
  }

  /**
   * Whether it failed as often as it may: half of that (or, where it is refused, twice) while
   * others passed, and as often by itself, not in a window; or by itself more often, where so many
   * others fail, or failed before they passed, that it might be chance.
   *
   * @param isRefused whether the server said that it understood it, and will never take it
   */
  boolean isGuilty(Tries tries, boolean isRefused) {
    Form form = formOf(tries);
    Tally first = tries.isOfWindow ? tries.windowsAtFirst : tries.runsAtFirst;
    double lately = form.failingLately();
    double share = Math.max(form.tally().since(first).failing(lately), lately);
    int beyondChance = (int) Math.min(Math.ceil(LOG_OF_CHANCE / Math.log(share)), 1_000_000);
    int evidence = tries.ownFailed();
    if (share <= HIGH_SHARE) {
      beyondChance = Math.min(beyondChance, maxTries);
    } else {
      evidence = tries.ownBlamed(); // those of others are counted like that
    }
    int usual = isRefused ? Math.min(REFUSALS, maxTries) : maxTries;
    int half = (maxTries + 1) / 2;
    int least = isRefused ? Math.min(2, half) : half;
    // A window's failures may be another request's, so they are no evidence against chance.
    return form.passed() > first.passed()
        && tries.failed >= usual
        && tries.blamed >= least
        && evidence >= Math.max(least, beyondChance);
  }

  /** Whether taking units like this one apart may still find out that it is something in them. */
  boolean mayBeFoundInParts(Tries tries) {
    return windowsInVain < MOST_WINDOWS_IN_VAIN
        && tries.root.aloneInVain(windows.passed()) < MOST_ALONE_IN_VAIN;
  }

  /** How runs, or windows, fall. */
  private static final class Form {

    /** So many of those that passed last tell how it falls now. */
    private static final double LATELY = 256;

    private Tally tally = Tally.NONE;
    private long begunAtLastPass;

    // Those of long ago count for less and less.
    private double passedLately;
    private double byChanceLately;

    /** Since the last that passed. */
    boolean isFailing;

    private @Nullable Tries failedLast;

    Tally tally() {
      return tally;
    }

    long passed() {
      return tally.passed();
    }

    /**
     * One passed.
     *
     * @param failed how often it had failed by itself while others passed: by chance, as it shows
     */
    void passed(int failed) {
      tally = new Tally(tally.passed() + 1, tally.begunToFail(), tally.byChance() + failed);
      double kept = 1 - 1 / LATELY;
      passedLately = passedLately * kept + 1;
      byChanceLately = byChanceLately * kept + failed;
      begunAtLastPass = tally.begunToFail();
      isFailing = false;
      failedLast = null;
    }

    void beginsToFail() {
      tally = tally.withOneMore(true);
    }

    void failed(Tries tries, boolean wasSuspect) {
      isFailing = true;
      failedLast = wasSuspect ? failedLast : tries;
    }

    /** Whether one has passed, and none has failed since that is not known to. */
    boolean doesPass() {
      return failedLast == null && tally.passed() > 0;
    }

    /** How many began to fail since the last that passed. */
    long failedInVain() {
      return tally.begunToFail() - begunAtLastPass;
    }

    /** The share of calls that failed by chance. */
    double failingLately() {
      return Tally.share(byChanceLately, passedLately);
    }
  }
}
