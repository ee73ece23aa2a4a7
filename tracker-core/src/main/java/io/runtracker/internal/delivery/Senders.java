// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.internal.log.FailPoint;
import io.runtracker.internal.stage.Daemon;
import io.runtracker.internal.stage.Interruption;
import io.runtracker.internal.stage.RateLimitedLog;
import io.runtracker.sink.Sink;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The calls under way, and the short-lived threads that make them. For delivery's thread, but for
 * {@link #flushSink}, {@link #shutDown} and {@link #awaitEnd}.
 */
final class Senders {

  /** Each of them holds all its rows; more than may be closed, for those that are read again. */
  private static final int MOST_WINDOWS = Assembler.MOST_WINDOWS + 1;

  private final Sink sink;
  private final int inFlight;

  /** Of all kinds together: the third window is written in the place of a run. */
  private final int most;

  private final RateLimitedLog warnings;
  private final ThreadPoolExecutor pool;
  private final List<Attempt> underWay;

  /** One flush at a time: one that heeds no interrupt would take a sender each time. */
  private final Semaphore flushing = new Semaphore(1);

  private int runs;
  private int suspects;

  /**
   * Has no threads yet.
   *
   * @param inFlight the most runs that are written at the same time
   */
  Senders(Sink sink, int inFlight, RateLimitedLog warnings, Consumer<FailPoint> failPoints) {
    this.sink = sink;
    this.inFlight = inFlight;
    this.warnings = warnings;
    this.most = inFlight + Assembler.MOST_WINDOWS;
    int threads = most + 1; // one for a flush of the sink
    this.underWay = new ArrayList<>(most); // so that memory is never short for one more
    this.pool =
        new ThreadPoolExecutor(
            threads,
            threads,
            5,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            work -> {
              failPoints.accept(FailPoint.BEFORE_SENDER);
              return Daemon.of(work, "runtracker-sender");
            });
    pool.allowCoreThreadTimeOut(true);
  }

  boolean haveRoomForWindow() {
    return underWay.size() - runs - suspects < MOST_WINDOWS && underWay.size() < most;
  }

  boolean haveRoomForRun() {
    return runs + suspects < inFlight && underWay.size() < most;
  }

  /** How many of the calls under way are of suspects. */
  int suspects() {
    return suspects;
  }

  /** Whether calls are under way of units that are no suspects. */
  boolean haveOthers() {
    return underWay.size() > suspects;
  }

  void send(Attempt attempt) {
    underWay.add(attempt);
    count(attempt, 1);
    attempt.startedNanos = System.nanoTime();
    try {
      pool.execute(attempt);
      attempt.begun = true;
    } finally {
      if (!attempt.begun) { // no thread could be had, or the tracker is closing
        attempt.endUnbegun();
      }
    }
  }

  private void count(Attempt attempt, int sign) {
    if (attempt.isSuspect) {
      suspects += sign;
    } else if (!attempt.unit.isWindow()) {
      runs += sign;
    }
  }

  boolean hasAnyEnded() {
    return underWay.stream().anyMatch(Attempt::isEnded);
  }

  /**
   * Hands over those that have ended.
   *
   * @param taker where it fails, the attempt stays, to be handed over again
   * @param taken is told of each that was taken, when it counts no more
   * @return whether there was one
   */
  boolean takeEnded(Consumer<Attempt> taker, Consumer<Attempt> taken) {
    int before = underWay.size();
    for (Iterator<Attempt> attempts = underWay.iterator(); attempts.hasNext(); ) {
      Attempt attempt = attempts.next();
      if (attempt.isEnded()) {
        taker.accept(attempt);
        attempts.remove();
        count(attempt, -1);
        taken.accept(attempt);
      }
    }
    return underWay.size() < before;
  }

  /**
   * Has the sink write what it held back, for as long as there is time.
   *
   * @param kept where an interrupt of the caller goes that is not to end it; null where it is
   */
  void flushSink(long deadlineNanos, @Nullable Interruption kept) {
    if (deadlineNanos - System.nanoTime() <= 0) {
      return;
    }
    Flush flush = new Flush();
    try {
      if (!isBegun(flush, deadlineNanos, kept)) {
        return;
      }
      if (kept != null) {
        kept.await(millis -> awaitEnd(flush, millis), deadlineNanos, flush::isDone);
      }
      flush.get(Math.max(deadlineNanos - System.nanoTime(), 0), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      warnings.warn(
          "flush",
          ServerWatch.nameOf(sink) + " did not take all that was held back for it",
          e.getCause());
    } catch (TimeoutException e) {
      warnings.warn(
          "flush",
          "There was no time for " + ServerWatch.nameOf(sink) + " to take all that was held back");
    } finally {
      flush.cancel(true);
    }
  }

  /** False where delivery has ended. */
  private boolean isBegun(Flush flush, long deadlineNanos, @Nullable Interruption kept)
      throws InterruptedException, TimeoutException {
    awaitFlushBefore(deadlineNanos, kept);
    boolean isBegun = false;
    try {
      pool.execute(flush);
      isBegun = true;
    } catch (RejectedExecutionException closed) {
      // isBegun stays false
    } finally {
      if (!isBegun) {
        flushing.release();
      }
    }
    return isBegun;
  }

  private void awaitFlushBefore(long deadlineNanos, @Nullable Interruption kept)
      throws InterruptedException, TimeoutException {
    AtomicBoolean isOver = new AtomicBoolean();
    if (kept == null) {
      long left = Math.max(deadlineNanos - System.nanoTime(), 0);
      isOver.set(flushing.tryAcquire(left, TimeUnit.NANOSECONDS));
    } else {
      kept.await(
          millis -> isOver.set(flushing.tryAcquire(millis, TimeUnit.MILLISECONDS)),
          deadlineNanos,
          isOver::get);
    }
    if (!isOver.get()) {
      throw new TimeoutException();
    }
  }

  private static void awaitEnd(Future<?> flush, long millis) throws InterruptedException {
    try {
      flush.get(millis, TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException ended) {
      // the caller asks for it
    }
  }

  /** Makes room for the next one whenever it ends, also where it was cancelled before it began. */
  private final class Flush extends FutureTask<Void> {
    Flush() {
      super(
          () -> {
            sink.flush();
            return null;
          });
    }

    @Override
    public void run() {
      try {
        super.run();
      } finally {
        flushing.release();
      }
    }
  }

  /** Interrupts all calls; none is begun any more. */
  void shutDown() {
    pool.shutdownNow();
  }

  /** Waits until every call has ended, or the deadline has passed. */
  void awaitEnd(long deadlineNanos, Interruption interruption) {
    interruption.await(
        millis -> pool.awaitTermination(millis, TimeUnit.MILLISECONDS),
        deadlineNanos,
        pool::isTerminated);
  }
}
