// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.util.Iterator;
import java.util.concurrent.TimeUnit;

/**
 * Hands out elements and, after every few of them, the core to whoever waits for it.
 *
 * <p>A scheduler may let a thread that computes go on for milliseconds before another has its turn.
 * Where a service has few cores, a window of thousands of requests would make everybody's requests
 * wait as long, often enough to be seen in the 99th percentile of a busy one.
 */
final class Unhurried<E> implements Iterable<E> {

  /**
   * So long all others together may have the core; then it takes what a thread is due, or it would
   * never come to an end where many compute.
   */
  private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final Iterable<E> elements;
  private final int few;

  /**
   * @param few as many as take some ten microseconds, of which giving way is one
   */
  Unhurried(Iterable<E> elements, int few) {
    this.elements = elements;
    this.few = few;
  }

  @Override
  public Iterator<E> iterator() {
    Iterator<E> all = elements.iterator();
    return new Iterator<>() {
      private long patienceNanos = PATIENCE_NANOS;
      private int left = few;

      @Override
      public boolean hasNext() {
        return all.hasNext();
      }

      @Override
      public E next() {
        if (left == 0) {
          left = few;
          if (patienceNanos > 0) {
            patienceNanos -= giveWay();
          }
        }
        left--;
        return all.next();
      }
    };
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
