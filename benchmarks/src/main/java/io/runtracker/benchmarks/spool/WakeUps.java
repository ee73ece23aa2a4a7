// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.spool;

import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * How late a thread wakes up that sleeps 5 ms over and over, as the batcher does, and does nothing
 * else: what of a commit's time is the machine's, and the collector's.
 */
final class WakeUps {

  private static final long SLEEP_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private final Histogram late = new Histogram(3);
  private volatile boolean counting;

  void begin() {
    counting = true;
    Thread thread = new Thread(this::sleep, "wake-ups");
    thread.setDaemon(true);
    thread.start();
  }

  void end() {
    counting = false;
  }

  private void sleep() {
    long before = System.nanoTime();
    while (counting) {
      LockSupport.parkNanos(SLEEP_NANOS);
      long now = System.nanoTime();
      synchronized (late) {
        late.recordValue(Math.max(0, now - before - SLEEP_NANOS));
      }
      before = now;
    }
  }

  void report(Map<String, Object> result) {
    synchronized (late) {
      result.put("wake_late_ms_p999", late.getValueAtPercentile(99.9) / 1e6);
      result.put("wake_late_ms_max", late.getMaxValue() / 1e6);
    }
  }
}
