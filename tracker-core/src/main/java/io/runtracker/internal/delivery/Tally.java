// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

/**
 * How many units of one form there were by some moment.
 *
 * @param passed that passed
 * @param begunToFail that failed for the first time
 * @param byChance how often those that passed had failed before, while others passed: a bad one
 *     never passes, so these failures were the server's
 */
record Tally(long passed, long begunToFail, long byChance) {

  /** So many calls tell as much of the share as it was before. */
  private static final double FEW = 4;

  static final Tally NONE = new Tally(0, 0, 0);

  Tally withOneMore(boolean isOfThisForm) {
    return isOfThisForm ? new Tally(passed, begunToFail + 1, byChance) : this;
  }

  /** What has happened since an earlier moment. */
  Tally since(Tally before) {
    return new Tally(
        passed - before.passed, begunToFail - before.begunToFail, byChance - before.byChance);
  }

  /**
   * The share of the calls that fail. Of a few calls another share is the better guess.
   *
   * @param before what it was before
   */
  double failing(double before) {
    double failed = Math.max(begunToFail, byChance);
    return (failed + FEW * before) / (failed + passed + FEW);
  }

  /** Never 0 nor 1, however few there are to tell. */
  static double share(double failed, double passed) {
    return (failed + 0.5) / (failed + passed + 1);
  }
}
