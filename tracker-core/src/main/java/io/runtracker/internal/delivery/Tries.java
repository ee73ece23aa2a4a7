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

  /** Of those, its window's, which another request in there may have cost. */
  private int inherited;

  /** How often the request failed alone in a window, before it became a run. */
  int failedAsWindow;

  /** How many had passed when it failed last, and when it failed first. */
  long passedBefore;

  long passedAtFirst;

  /** The same of all where it is a window's, by which it is judged as a run. */
  long allPassedBefore;

  long allPassedAtFirst;

  long allBegunAtFirst;

  /**
   * Whether so many others passed while it was tried that it holds a place for longer than they.
   */
  boolean isOutpaced;

  /** How many others had begun to fail when it failed first. */
  long begunAtFirst;

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
    Tries part = new Tries(root);
    part.failed = failed;
    part.blamed = blamed;
    part.inherited = failed;
    part.passedBefore = passedBefore;
    part.passedAtFirst = passedAtFirst;
    part.begunAtFirst = begunAtFirst;
    part.allPassedBefore = allPassedBefore;
    part.allPassedAtFirst = allPassedAtFirst;
    part.allBegunAtFirst = allBegunAtFirst;
    part.isOutpaced = isOutpaced;
    return part;
  }

  /** Of a part of a unit that failed by its size. */
  Tries ofSmaller() {
    return new Tries(root);
  }

  /** Of the request that was alone in a window, as a run: it has been tried, too. */
  Tries ofRun() {
    Tries run = new Tries(false);
    run.failed = failed;
    run.blamed = blamed;
    run.inherited = inherited;
    run.passedBefore = allPassedBefore;
    run.passedAtFirst = allPassedAtFirst;
    run.begunAtFirst = allBegunAtFirst;
    run.isOutpaced = isOutpaced;
    run.standsForOneInIt = true;
    return run;
  }

  /**
   * Of a request that fails alone: whether what it was found in is counted already, once, for it.
   */
  boolean takesThePlaceOfItsRoot() {
    boolean isFirst = root.standsForOneInIt;
    root.standsForOneInIt = false;
    return isFirst;
  }

  /** How often it failed by itself, and not in a window with others. */
  int ownFailed() {
    return failed - inherited;
  }

  /** Whether it fails while others pass, so that it is to take no room from them. */
  boolean areSuspect() {
    return blamed >= 2 || isOutpaced;
  }
}
