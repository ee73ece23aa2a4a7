// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.capture;

import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * Keeps the threads of an iteration together: a burst of all, then the wait until it is drained.
 */
final class Rounds {

  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long POLL_NANOS = TimeUnit.MICROSECONDS.toNanos(100);
  private static final int FLUSH_EVERY = 16;

  /** JMH lets threads go one by one at an iteration's end; the rest must not wait for them. */
  private static final long LONGEST_WAIT_MILLIS = 250;

  /**
   * From one burst to the next at least. Clients are drained in one to five milliseconds; one that
   * is fast there would have hotter caches in the next burst, which no request thread has.
   */
  private static final long INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private final Subject subject;
  private final CyclicBarrier all;
  private final LongAdder published = new LongAdder();
  private long droppedBefore;
  private long dropped;
  private long cpuBefore;
  private boolean settled;
  private long roundSinceNanos = System.nanoTime();

  Rounds(Subject subject, int threads) {
    this.subject = subject;
    this.all = new CyclicBarrier(threads, this::nextRound);
  }

  synchronized void mend() {
    all.reset();
    drain();
    settled = false;
    cpuBefore = ThreadCosts.cpuNanos(subject::owns);
  }

  void begin() {
    try {
      all.await(LONGEST_WAIT_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (BrokenBarrierException | TimeoutException e) {
      drain();
    }
  }

  private void nextRound() {
    drain();
    long due = roundSinceNanos + INTERVAL_NANOS;
    for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
    roundSinceNanos = System.nanoTime();
  }

  void published(long events) {
    published.add(events);
  }

  /** What an iteration lost, and the CPU time of the client's own threads in it. */
  record Settled(long dropped, long cpuNanos) {}

  /**
   * The first thread of an iteration to come says it for all: when the last ones come, the client
   * may be gone.
   */
  synchronized Settled end() {
    if (settled) {
      return new Settled(0, 0);
    }
    settled = true;
    all.reset();
    drain();
    long lost = dropped - droppedBefore;
    droppedBefore = dropped;
    return new Settled(lost, ThreadCosts.cpuNanos(subject::owns) - cpuBefore);
  }

  /** Returns when all has come out, or nothing more does. */
  private synchronized void drain() {
    long expected = published.sum() - dropped;
    long seen = subject.consumed();
    long since = System.nanoTime();
    for (int look = 0; seen < expected; look++) {
      if (look % FLUSH_EVERY == 0) {
        subject.flush();
      }
      LockSupport.parkNanos(POLL_NANOS);
      long now = subject.consumed();
      if (now > seen) {
        seen = now;
        since = System.nanoTime();
      } else if (System.nanoTime() - since > PATIENCE_NANOS) {
        dropped += expected - seen;
        return;
      }
    }
  }
}
