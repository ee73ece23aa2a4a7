// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

/**
 * How often a unit failed, and whether others passed meanwhile. {@link Blame} writes it and reads
 * it. Belongs to the thread that delivers.
 */
final class Tries {

  /** Of the run of a window or, else, of a request. */
  final boolean isOfWindow;

  /** The parts of a window are one with it: several of them that fail are no sign of more. */
  final Tries root;

  /**
   * Of a window: whether it is counted as one that began to fail, and none of its requests is yet.
   */
  boolean standsForOneInIt;

  int failed;

  /** Of those, its first and each other before which others had passed since the one before. */
  int blamed;

  // Of those two, its window's, which another request in there may have cost.
  private int inherited;
  private int inheritedBlamed;

  // When it failed first. A request that failed in a window may be judged as a run.
  Tally runsAtFirst = Tally.NONE;
  Tally windowsAtFirst = Tally.NONE;

  // How many had passed when it failed last.
  long runsPassedBefore;
  long windowsPassedBefore;

  /**
   * Whether so many others passed while it was tried that it holds a place for longer than they.
   */
  boolean isOutpaced;

  // Of a window: how many of its requests failed alone since so many windows had passed.
  private int aloneInVain;
  private long aloneSince;

  Tries(boolean isOfWindow) {
    this.isOfWindow = isOfWindow;
    this.root = this;
  }

  private Tries(Tries root) {
    this.isOfWindow = root.isOfWindow;
    this.root = root;
  }

  /** Of a part of a unit that failed by what is in it: what was tried was the part, too. */
  Tries ofPart() {
    return continuedBy(new Tries(root), failed, blamed);
  }

  /** Of a part of a unit that failed by its size. */
  Tries ofSmaller() {
    return new Tries(root);
  }

  /** Of the request that was alone in a window, as a run: it has been tried, too. */
  Tries ofRun() {
    Tries run = continuedBy(new Tries(false), inherited, inheritedBlamed);
    run.standsForOneInIt = true;
    return run;
  }

  private Tries continuedBy(Tries next, int nextInherited, int nextInheritedBlamed) {
    next.failed = failed;
    next.blamed = blamed;
    next.inherited = nextInherited;
    next.inheritedBlamed = nextInheritedBlamed;
    next.runsAtFirst = runsAtFirst;
    next.windowsAtFirst = windowsAtFirst;
    next.runsPassedBefore = runsPassedBefore;
    next.windowsPassedBefore = windowsPassedBefore;
    next.isOutpaced = isOutpaced;
    return next;
  }

  /**
   * Of a request that fails alone: whether what it was found in is counted already, once, for it.
   */
  boolean takesThePlaceOfItsRoot() {
    boolean isFirst = root.standsForOneInIt;
    root.standsForOneInIt = false;
    return isFirst;
  }

  /** One more of its requests failed alone; returns how many did since a window passed. */
  int failsAloneInVain(long windowsPassed) {
    aloneInVain = aloneInVain(windowsPassed) + 1;
    aloneSince = windowsPassed;
    return aloneInVain;
  }

  int aloneInVain(long windowsPassed) {
    return aloneSince == windowsPassed ? aloneInVain : 0;
  }

  /** How many of its form had passed when it failed last. */
  long passedBefore() {
    return isOfWindow ? windowsPassedBefore : runsPassedBefore;
  }

  /** How often it failed by itself, and not in a window with others. */
  int ownFailed() {
    return failed - inherited;
  }

  /** Of those, as often others passed meanwhile. */
  int ownBlamed() {
    return blamed - inheritedBlamed;
  }

  /** Whether it fails while others pass, so that it is to take no room from them. */
  boolean areSuspect() {
    return blamed >= 2 || isOutpaced;
  }
}
