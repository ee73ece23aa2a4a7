// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.util.function.ObjDoubleConsumer;
import org.HdrHistogram.IntCountsHistogram;

/** Requests whose metrics are counted together. */
final class RouteGroup {

  /** Values are right to one in a thousand. */
  private static final int DIGITS = 3;

  private static final double MICROS = 1_000;

  private final IntCountsHistogram micros = new IntCountsHistogram(DIGITS);
  private long errors;

  void add(long durationMicros, boolean isFailure) {
    micros.recordValue(durationMicros);
    if (isFailure) {
      errors++;
    }
  }

  void add(RouteGroup other) {
    micros.add(other.micros);
    errors += other.errors;
  }

  /** A new group of what is in two. */
  static RouteGroup both(RouteGroup one, RouteGroup other) {
    RouteGroup both = new RouteGroup();
    both.add(one);
    both.add(other);
    return both;
  }

  /** Gives the metrics of {@code label}, in the order in which they are to be shown. */
  void forEach(String label, double seconds, ObjDoubleConsumer<String> metric) {
    double count = (double) micros.getTotalCount();
    metric.accept(label + "/count", count);
    metric.accept(label + "/errors", (double) errors);
    metric.accept(label + "/per_second", count / seconds);
    metric.accept(label + "/p50_ms", micros.getValueAtPercentile(50) / MICROS);
    metric.accept(label + "/p95_ms", micros.getValueAtPercentile(95) / MICROS);
    metric.accept(label + "/p99_ms", micros.getValueAtPercentile(99) / MICROS);
    metric.accept(label + "/max_ms", micros.getMaxValue() / MICROS);
  }
}
