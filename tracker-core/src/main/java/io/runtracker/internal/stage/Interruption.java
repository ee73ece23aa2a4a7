// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.stage;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Keeps an interrupt of the calling thread until the end of something that must not be cut short:
 * whoever closes a tracker is often interrupted, such as by a pool that shuts down. Restored by
 * {@link #close}. Not safe for use by several threads.
 */
public final class Interruption implements AutoCloseable {

  private boolean interrupted = Thread.interrupted();

  /** Something that an interrupt ends early, and that can be done again. */
  public interface Wait {
    void until(long millis) throws InterruptedException;
  }

  /**
   * Looks again and again, with pauses. An interrupt of the calling thread changes nothing: a pause
   * would be none then, and whoever looks without pauses takes a core.
   *
   * @return whether it holds; false where it is in vain to wait any longer
   */
  public static boolean poll(BooleanSupplier holds, BooleanSupplier isInVain, long pauseNanos) {
    try (Interruption interruption = new Interruption()) {
      while (!holds.getAsBoolean()) {
        if (isInVain.getAsBoolean()) {
          return false;
        }
        LockSupport.parkNanos(pauseNanos);
        interruption.keep();
      }
      return true;
    }
  }

  /** Waits for a thread to end, until the deadline. */
  public void join(Thread thread, long deadlineNanos) {
    await(thread::join, deadlineNanos, () -> !thread.isAlive());
  }

  /** Waits again and again, until it is over or the deadline has passed. */
  public void await(Wait wait, long deadlineNanos, BooleanSupplier isOver) {
    while (!isOver.getAsBoolean()) {
      long left = TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime());
      if (left <= 0) {
        return;
      }
      try {
        wait.until(left);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
  }

  /** Forgets for now that the thread was interrupted meanwhile. */
  public void keep() {
    interrupted |= Thread.interrupted();
  }

  @Override
  public void close() {
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
