// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.stage;

import io.runtracker.TrackerStats;
import io.runtracker.internal.log.FailPoint;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A stage of the line, which comes round again and again on a thread of its own, until it says that
 * it has ended. What is thrown in a round ends nothing. A thread that dies all the same, of a fault
 * in dealing with a fault or of {@code Thread.stop}, has a successor, which takes up the work as it
 * was left: it is begun by the one that dies, or by whoever finds it dead, and so sees all that the
 * dead one has written.
 */
public final class Stage {

  /** A successor that dies at once, and the next, would else take a core. */
  private static final long SHORTEST_DEATH_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private static final long LONGEST_DEATH_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** One look at what there is to do. */
  public interface Round {
    /** Whether it is to come round again. */
    boolean goesOn() throws Exception;
  }

  private final String name;
  private final Round round;
  private final long faultPauseNanos;
  private final Consumer<FailPoint> failPoints;
  private final RateLimitedLog warnings = new RateLimitedLog();
  private final Pulse pulse = new Pulse();
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile @Nullable Thread thread;
  private long deathPauseNanos;

  /**
   * A stage that is not begun.
   *
   * @param name what it is called in the log and by {@link TrackerStats#standingStill}
   * @param faultPauseNanos how long it rests when a round failed
   */
  public Stage(String name, Round round, long faultPauseNanos, Consumer<FailPoint> failPoints) {
    this.name = name;
    this.round = round;
    this.faultPauseNanos = faultPauseNanos;
    this.failPoints = failPoints;
  }

  public String name() {
    return name;
  }

  /** To be called once. */
  public synchronized void start() {
    Thread fresh = Daemon.of(this::run, "runtracker-" + name);
    // In place of the service's own handler, to which our threads are none of its business.
    fresh.setUncaughtExceptionHandler(this::died);
    fresh.start();
    thread = fresh;
  }

  private void run() {
    LockSupport.parkNanos(deathPauseNanos);
    boolean goesOn = true;
    while (goesOn) {
      Thread.interrupted(); // no park would wait then
      failPoints.accept(FailPoint.BEFORE_ROUND);
      pulse.beat();
      deathPauseNanos = 0;
      try {
        goesOn = round.goesOn();
      } catch (Throwable fault) {
        warnings.warn(name, "The " + name + " met a fault and goes on", fault);
        Thread.interrupted();
        LockSupport.parkNanos(faultPauseNanos);
      }
    }
    ended.countDown();
  }

  /** On the thread that dies. */
  private void died(Thread dead, Throwable cause) {
    deathPauseNanos =
        Math.min(
            Math.max(2 * deathPauseNanos, SHORTEST_DEATH_PAUSE_NANOS), LONGEST_DEATH_PAUSE_NANOS);
    while (!isBegunAnew(dead)) {
      LockSupport.parkNanos(faultPauseNanos);
    }
    // Behind it: to say so takes memory, and that may be what it died of.
    warnings.warn(
        name + " died", "The thread " + dead.getName() + " died and is begun anew", cause);
  }

  /** False where there was no thread to be had. */
  private synchronized boolean isBegunAnew(Thread dead) {
    try {
      if (thread == dead && !isOver()) {
        start();
      }
      return true;
    } catch (Throwable outOfThreads) {
      return false;
    }
  }

  /**
   * Lets {@code Thread.stop} end the thread, which says nothing of what it was about. By name,
   * because newer JDKs are going to lack the class.
   */
  public static void rethrowIfStopped(Throwable fault) {
    if (fault instanceof Error error
        && fault.getClass().getName().equals("java.lang.ThreadDeath")) {
      throw error;
    }
  }

  /** Has it come round now, because somebody waits. */
  public void wake() {
    Thread now = thread;
    if (now == null || isOver()) {
      return;
    }
    if (now.isAlive()) {
      LockSupport.unpark(now);
    } else {
      isBegunAnew(now);
    }
  }

  /** Whether it has not come round for half a minute. Begins it anew where it is dead. */
  public boolean isStill() {
    Thread now = thread;
    if (now != null && !now.isAlive() && !isOver()) {
      isBegunAnew(now);
    }
    return pulse.isStill();
  }

  /** Whether it was never begun, or came round for the last time; its work is the caller's then. */
  public boolean isOver() {
    return thread == null || ended.getCount() == 0;
  }

  /** Waits until it is over, or the deadline has passed. */
  public void join(long deadlineNanos, Interruption interruption) {
    interruption.await(
        millis -> ended.await(millis, TimeUnit.MILLISECONDS), deadlineNanos, this::isOver);
    Thread last = thread;
    if (last != null) {
      interruption.join(last, deadlineNanos);
    }
  }
}
