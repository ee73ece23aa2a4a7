// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.service;

import java.util.Arrays;

/** What was found in one phase; of one thread at a time. */
final class Samples {

  private long[] nanos = new long[1 << 12];
  private int count;
  private long failures;
  private String failure = "";

  void answered(long taken) {
    if (count == nanos.length) {
      nanos = Arrays.copyOf(nanos, 2 * count);
    }
    nanos[count++] = taken;
  }

  void failed(Exception e) {
    failures++;
    failure = String.valueOf(e);
  }

  void add(Samples other) {
    nanos = Arrays.copyOf(nanos, count + other.count);
    System.arraycopy(other.nanos, 0, nanos, count, other.count);
    count += other.count;
    failures += other.failures;
    failure = other.failure.isEmpty() ? failure : other.failure;
  }

  int answers() {
    return count;
  }

  long failures() {
    return failures;
  }

  /** One of the failures; empty when there was none. */
  String failure() {
    return failure;
  }

  /** In microseconds: the smallest times that these shares of all do not exceed. */
  double[] quantiles(double... shares) {
    long[] sorted = Arrays.copyOf(nanos, count);
    Arrays.sort(sorted);
    return Arrays.stream(shares)
        .map(
            share -> count == 0 ? 0 : sorted[Math.max(0, (int) Math.ceil(share * count) - 1)] / 1e3)
        .toArray();
  }
}
