// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.spool;

import io.runtracker.DropReason;
import io.runtracker.Ledger;
import io.runtracker.Tracker;
import io.runtracker.TrackerStats;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * When each request was committed, from outside. One thread ends all requests, the log commits in
 * that order, and so the k-th is committed once the ledger has k that are on disk, delivered or
 * dropped. A thread looks at the ledger, which takes no lock of the batcher's, every 0.2 ms: the
 * first look that shows a request is what counts, so all times are a look too long, and none is too
 * short.
 */
final class CommitWatch {

  private static final long POLL_NANOS = TimeUnit.MICROSECONDS.toNanos(200);

  /** More requests than these are never under way. */
  private static final int MOST = 1 << 20;

  private final Histogram commits = new Histogram(3);

  /** Up to the last look that did not show the request. */
  private final Histogram atLeast = new Histogram(3);

  private final Histogram looks = new Histogram(3);

  /** When each request ended. It is written before the ring is, and read after the log is. */
  private final long[] ended = new long[MOST];

  private long sent;
  private volatile long countFrom = Long.MAX_VALUE;
  private volatile long countBelow;
  private volatile long delivered;
  private volatile boolean stopping;
  private @Nullable Tracker tracker;
  private @Nullable Thread thread;
  private volatile long missing;

  /** Begins with a tracker to which nothing was sent yet. */
  void watch(Tracker of) {
    tracker = of;
    sent = 0;
    countFrom = Long.MAX_VALUE;
    countBelow = Long.MAX_VALUE;
    delivered = 0;
    stopping = false;
    long before = of.stats().ledger().accepted();
    thread = new Thread(() -> look(of, before), "commit-watch");
    thread.setDaemon(true);
    thread.start();
  }

  /** The one thread that sends is about to end a request. */
  void ends() {
    ended[(int) (sent++ % MOST)] = System.nanoTime();
  }

  /** Whether those that come from now on count. */
  void count(boolean those) {
    if (those) {
      countFrom = sent;
    } else {
      countBelow = sent;
    }
  }

  /** Requests delivered, those from before included. */
  long delivered() {
    return delivered;
  }

  private void look(Tracker at, long before) {
    long seen = 0;
    long lastLook = System.nanoTime();
    while (!stopping) {
      long start = System.nanoTime();
      Ledger ledger = at.stats().ledger();
      long now = System.nanoTime();
      delivered = ledger.delivered();
      long safe = safe(ledger) - before;
      boolean counts = false;
      for (; seen < safe; seen++) {
        if (seen >= countFrom && seen < countBelow) {
          long end = ended[(int) (seen % MOST)];
          commits.recordValue(Math.max(0, now - end));
          atLeast.recordValue(Math.max(0, lastLook - end));
          counts = true;
        }
      }
      if (counts) {
        looks.recordValue(now - lastLook);
      }
      lastLook = start;
      missing = ledger.accepted() - before - seen;
      LockSupport.parkNanos(POLL_NANOS);
    }
  }

  private static long safe(Ledger ledger) {
    long dropped = 0;
    for (Map.Entry<DropReason, Long> entry : ledger.dropped().entrySet()) {
      dropped += entry.getKey().isAfterAcceptance() ? entry.getValue() : 0;
    }
    return ledger.delivered() + ledger.spooled() + dropped;
  }

  /** Ends once all are committed, or when that takes longer than this. */
  TrackerStats stop(Duration longest) throws InterruptedException {
    Tracker of = Objects.requireNonNull(tracker);
    long deadline = System.nanoTime() + longest.toNanos();
    while (safe(of.stats().ledger()) < of.stats().ledger().accepted()
        && System.nanoTime() - deadline < 0) {
      TimeUnit.MILLISECONDS.sleep(1);
    }
    TimeUnit.MILLISECONDS.sleep(50); // for the last look
    stopping = true;
    Objects.requireNonNull(thread).join();
    if (missing > 0) {
      throw new IllegalStateException(missing + " requests were not committed");
    }
    return of.stats();
  }

  /** Milliseconds. */
  void report(Map<String, Object> result) {
    result.put("requests", commits.getTotalCount());
    result.put("commit_ms_p50", commits.getValueAtPercentile(50) / 1e6);
    result.put("commit_ms_p99", commits.getValueAtPercentile(99) / 1e6);
    result.put("commit_ms_p999", commits.getValueAtPercentile(99.9) / 1e6);
    result.put("commit_ms_max", commits.getMaxValue() / 1e6);
    result.put("at_least_ms_p999", atLeast.getValueAtPercentile(99.9) / 1e6);
    result.put("at_least_ms_max", atLeast.getMaxValue() / 1e6);
    result.put("look_ms_p999", looks.getValueAtPercentile(99.9) / 1e6);
    result.put("look_ms_max", looks.getMaxValue() / 1e6);
  }
}
