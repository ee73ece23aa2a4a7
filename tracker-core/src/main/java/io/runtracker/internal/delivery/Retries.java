// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.internal.config.Settings;
import java.util.concurrent.atomic.LongAdder;

/** Puts back what is to be tried again. For delivery's thread, but for {@link #count}. */
final class Retries {

  private final WaitingUnits waiting;
  private final Blame blame;
  private final long firstNanos;
  private final long longestNanos;
  private final long lookupDelayNanos;
  private final LongAdder count = new LongAdder();

  /** Has put back none yet. */
  Retries(WaitingUnits waiting, Blame blame, Settings settings) {
    this.waiting = waiting;
    this.blame = blame;
    this.firstNanos = settings.retryDelay.toNanos();
    this.longestNanos = settings.maxRetryDelay.toNanos();
    this.lookupDelayNanos = settings.lookupDelay.toNanos();
  }

  /** How often. */
  long count() {
    return count.sum();
  }

  /** After a pause that doubles with each failure. */
  void later(Unit unit) {
    long pause = firstNanos << Math.max(0, Math.min(unit.failed() - 1, 20));
    after(unit, pause <= 0 ? longestNanos : Math.min(pause, longestNanos));
  }

  /** After this pause; longer, where a look-up before it might miss the run. */
  void after(Unit unit, long pauseNanos) {
    count.increment();
    unit.letGo();
    unit.failedNanos = System.nanoTime();
    unit.notBeforeNanos =
        unit.failedNanos + (unit.mayExist ? Math.max(pauseNanos, lookupDelayNanos) : pauseNanos);
    boolean wouldTell = unit.sweeps || unit.splits || blame.othersPassed(unit.tries);
    if (wouldTell) {
      waiting.add(unit);
    } else {
      waiting.addUntilOthersPass(unit);
    }
  }
}
