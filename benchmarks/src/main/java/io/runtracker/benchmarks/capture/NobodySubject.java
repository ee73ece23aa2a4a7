// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.capture;

import org.openjdk.jmh.infra.Blackhole;

/**
 * Tells nobody of a request, but computes for about as long as it takes others to tell: what is
 * measured of it is the machine, which takes the CPU away in the middle of whatever takes time.
 */
final class NobodySubject implements Subject {

  /** Some 600 ns, as hot calls of the cheapest client take. */
  private static final long WORK = 300;

  @Override
  public void request() {
    Blackhole.consumeCPU(WORK);
  }

  @Override
  public Object prepare() {
    return this;
  }

  @Override
  public void publish(Object prepared) {}

  @Override
  public long consumed() {
    return Long.MAX_VALUE;
  }

  @Override
  public boolean owns(String threadName) {
    return false;
  }

  @Override
  public void close() {}
}
