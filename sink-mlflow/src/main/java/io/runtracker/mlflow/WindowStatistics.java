// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.sink.RequestWindow;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ObjDoubleConsumer;
import java.util.stream.IntStream;
import org.mlflow.api.proto.Service;

/**
 * The numbers of a window or of several, as a whole and by route. The same window gives the same
 * numbers.
 */
final class WindowStatistics {

  /** A shorter span says nothing of a second. */
  private static final double SHORTEST_SECONDS = 1;

  /** So seldom does it count that the interpreter does it, for the first dozens of windows. */
  private static final int COUNTED_AT_ONCE = 128;

  private final int mostRoutes;
  private final RouteGroup all = new RouteGroup();
  private final Map<String, RouteGroup> groups = new LinkedHashMap<>();
  private final Instant start;
  private Instant end;
  private double seconds;

  /**
   * Counts.
   *
   * @param mostRoutes how many routes have a group of their own; ties go by name
   */
  WindowStatistics(RequestWindow window, WindowNumbers numbers, int mostRoutes) {
    this.mostRoutes = mostRoutes;
    this.start = window.startTime();
    this.end = window.endTime();
    this.seconds = seconds(start, end);
    largest(numbers, mostRoutes).forEach(this::group);
    CooperativeYield pace = new CooperativeYield(COUNTED_AT_ONCE);
    for (int request = 0; request < numbers.size(); request++) {
      pace.step();
      long micros = numbers.micros(request);
      boolean isFailure = numbers.isFailure(request);
      all.add(micros, isFailure);
      group(numbers.labels().get(numbers.labelId(request))).add(micros, isFailure);
    }
  }

  /** Counts another window's requests too. */
  void add(WindowStatistics other) {
    seconds += other.seconds;
    end = other.end.isAfter(end) ? other.end : end;
    all.add(other.all);
    other.groups.forEach((label, group) -> group(label).add(group));
  }

  /** The one of this label, or of the others when there are as many as there may be. */
  private RouteGroup group(String label) {
    RouteGroup group = groups.get(label);
    if (group == null) {
      int named = groups.size() - (groups.containsKey(RouteLabels.OTHER) ? 1 : 0);
      String free = named < mostRoutes ? label : RouteLabels.OTHER;
      group = groups.computeIfAbsent(free, one -> new RouteGroup());
    }
    return group;
  }

  /** When the last of the requests was complete. */
  Instant end() {
    return end;
  }

  /** Takes the time before this away from what {@code per_second} is reckoned by. */
  void countFrom(Instant earliest) {
    seconds = seconds(earliest.isAfter(start) ? earliest : start, end);
  }

  private static double seconds(Instant from, Instant to) {
    return Duration.between(from, to).toMillis() / 1e3;
  }

  private static List<String> largest(WindowNumbers numbers, int most) {
    int[] counts = new int[numbers.labels().size()];
    for (int request = 0; request < numbers.size(); request++) {
      counts[numbers.labelId(request)]++;
    }
    return IntStream.range(0, counts.length)
        .filter(id -> counts[id] > 0 && !numbers.labels().get(id).equals(RouteLabels.OTHER))
        .boxed()
        .sorted(
            Comparator.<Integer>comparingInt(id -> -counts[id])
                .thenComparing(numbers.labels()::get))
        .limit(most)
        .map(numbers.labels()::get)
        .toList();
  }

  /** All metrics at the end, those of all requests first. */
  List<Service.Metric> metrics(long step, Naming naming) {
    double span = Math.max(SHORTEST_SECONDS, seconds);
    long timestamp = Math.max(0, end.toEpochMilli());
    List<Service.Metric> metrics = new ArrayList<>();
    ObjDoubleConsumer<String> metric =
        (key, value) ->
            metrics.add(
                Service.Metric.newBuilder()
                    .setKey(key)
                    .setValue(value)
                    .setTimestamp(timestamp)
                    .setStep(step)
                    .build());
    all.forEach(RouteLabels.ALL, span, metric);
    named(naming).forEach((label, group) -> group.forEach(label, span, metric));
    return metrics;
  }

  /** Routes that come to have one name are counted together, so that it is the same every time. */
  private Map<String, RouteGroup> named(Naming naming) {
    Map<String, RouteGroup> named = new LinkedHashMap<>();
    groups.forEach((label, group) -> named.merge(naming.fit(label), group, RouteGroup::both));
    return named;
  }
}
