// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import org.jspecify.annotations.Nullable;

/**
 * One try to write a unit. Whatever happens in it, it ends, and says so without an object. But for
 * {@link #run} it belongs to delivery's thread.
 */
final class Attempt implements Runnable {

  final Unit unit;
  final boolean isSuspect;
  long startedNanos;
  long passedAtStart;

  /** False where no thread could be had for it. */
  boolean begun;

  /** Whether what it tells of the unit and of the server is taken into account. */
  boolean isCounted;

  /** Whether it took the place from others, and not one that none of them wanted. */
  boolean isOnShare;

  private final UnitWriter writer;
  private final Runnable whenEnded;
  private long tookNanos;
  private @Nullable Throwable failure;
  private volatile boolean ended;

  Attempt(Unit unit, UnitWriter writer, Runnable whenEnded) {
    this.unit = unit;
    this.isSuspect = unit.tries.areSuspect();
    this.writer = writer;
    this.whenEnded = whenEnded;
  }

  @Override
  public void run() {
    try {
      writer.write(unit);
    } catch (Throwable e) {
      failure = e;
    } finally {
      tookNanos = System.nanoTime() - startedNanos;
      ended = true;
      whenEnded.run();
    }
  }

  /** Ends it where it was never begun. */
  void endUnbegun() {
    ended = true;
  }

  boolean isEnded() {
    return ended;
  }

  long tookNanos() {
    return tookNanos;
  }

  /** What was thrown, or null. */
  @Nullable Throwable failure() {
    return failure;
  }
}
