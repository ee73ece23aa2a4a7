// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.pipeline;

import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** A thread that makes requests at a steady rate, or as fast as it can. */
final class Pace {

  private final Subject subject;
  private final List<Sample> samples;
  private final long intervalNanos;
  private final long most;
  private final Thread thread = new Thread(this::run, Costs.LOAD);
  private volatile boolean stopping;
  private volatile long made;

  /**
   * @param rate requests a second; 0 for as many as there can be
   * @param most requests after which it ends by itself
   */
  Pace(Subject subject, List<Sample> samples, double rate, long most) {
    this.subject = subject;
    this.samples = samples;
    this.intervalNanos = rate == 0 ? 0 : (long) (1e9 / rate);
    this.most = most;
  }

  Pace begin() {
    thread.start();
    return this;
  }

  /** How many requests have been made. */
  long made() {
    return made;
  }

  void stop() throws InterruptedException {
    stopping = true;
    join();
  }

  /** Waits until all are made. */
  void join() throws InterruptedException {
    thread.join();
  }

  private void run() {
    long due = System.nanoTime();
    for (long i = 0; i < most && !stopping; i++) {
      if (intervalNanos > 0) {
        for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
          LockSupport.parkNanos(left);
        }
        due += intervalNanos;
      }
      subject.request(samples.get((int) (i % samples.size())));
      made = i + 1;
    }
  }
}
