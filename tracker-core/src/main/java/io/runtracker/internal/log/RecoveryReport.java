// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

/**
 * What was found when a log was opened.
 *
 * @param segments segment files read
 * @param bytes their size together
 * @param liveEvents events waiting for delivery
 * @param lostEvents events that damage has cost and no earlier report has counted. Events torn off
 *     at the very end with nothing behind them leave no number to count by; see {@code
 *     truncatedBytes}.
 * @param lostPositions their places in the log, such as {@code 1-20,25}; where the newest file is
 *     gone, also from where on nobody knows how many were lost
 * @param damagedRegions stretches of bytes skipped as no valid records, copied to {@code damaged/};
 *     found again at each opening until their segment is delivered and deleted
 * @param damagedBytes their size together
 * @param truncatedBytes bytes cut from the end of the newest segment, copied to {@code damaged/}: a
 *     commit that the crash interrupted
 * @param nextSequence sequence of the next event; one more than events were ever appended here
 * @param nanos time the recovery took
 */
public record RecoveryReport(
    int segments,
    long bytes,
    long liveEvents,
    long lostEvents,
    String lostPositions,
    int damagedRegions,
    long damagedBytes,
    long truncatedBytes,
    long nextSequence,
    long nanos) {
  /** Whether control records may be among what was skipped, cut or is gone. */
  public boolean mayLackControls() {
    return damaged();
  }

  /** Whether anything was skipped, cut or lost. */
  public boolean damaged() {
    return !lostPositions.isEmpty() || damagedRegions > 0 || truncatedBytes > 0;
  }
}
