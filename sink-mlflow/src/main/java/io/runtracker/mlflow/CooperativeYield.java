// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.util.concurrent.TimeUnit;

/**
 * Hands the core, after every few steps of a long work, to whoever waits for it.
 *
 * <p>A scheduler may let a thread that computes go on for milliseconds before another has its turn.
 * Where a service has few cores, a window of thousands of requests would make everybody's requests
 * wait as long, often enough to be seen in the 99th percentile of a busy one.
 *
 * <p>Not safe for use by several threads.
 */
final class CooperativeYield {

  /**
   * So long all others together may have the core; then it takes what a thread is due, or it would
   * never come to an end where many compute.
   */
  private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final int few;
  private int left;
  private long patienceNanos = PATIENCE_NANOS;

  /**
   * @param few as many steps as take some ten microseconds, of which giving way is one
   */
  CooperativeYield(int few) {
    this.few = few;
    this.left = few;
  }

  /** To be called before each step. */
  void step() {
    if (left == 0) {
      left = few;
      if (patienceNanos > 0) {
        patienceNanos -= giveWay();
      }
    }
    left--;
  }

  /**
   * Nothing hangs on whether another thread makes use of it.
   *
   * @return nanoseconds until this one went on
   */
  @SuppressWarnings("ThreadPriorityCheck")
  private static long giveWay() {
    long since = System.nanoTime();
    Thread.yield();
    return System.nanoTime() - since;
  }
}
