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

  static final Tally NONE = new Tally(0, 0, 0);

  Tally withOneMore(boolean isOfThisForm) {
    return isOfThisForm ? new Tally(passed, begunToFail + 1, byChance) : this;
  }

  /** What has happened since an earlier moment. */
  Tally since(Tally before) {
    return new Tally(
        passed - before.passed, begunToFail - before.begunToFail, byChance - before.byChance);
  }

  /** The share of the calls that fail. */
  double failing() {
    return share((double) Math.max(begunToFail, byChance), (double) passed);
  }

  /** Never 0 nor 1, however few there are to tell. */
  static double share(double failed, double passed) {
    return (failed + 0.5) / (failed + passed + 1);
  }
}
