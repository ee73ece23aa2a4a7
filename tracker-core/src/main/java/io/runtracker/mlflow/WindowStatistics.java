// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.RequestEvent;
import io.runtracker.RequestWindow;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ObjDoubleConsumer;

/** The numbers of a window, as a whole and by route. The same window gives the same numbers. */
final class WindowStatistics {

  /** A shorter span says nothing of a second. */
  private static final double SHORTEST_SECONDS = 1;

  private final RouteGroup all = new RouteGroup();
  private final Map<String, RouteGroup> groups = new LinkedHashMap<>();
  private final double seconds;

  /**
   * Counts.
   *
   * @param mostRoutes how many routes have a group of their own; ties go by name
   */
  WindowStatistics(RequestWindow window, int mostRoutes) {
    this.seconds =
        Math.max(
            SHORTEST_SECONDS,
            Duration.between(window.startTime(), window.endTime()).toMillis() / 1e3);
    RouteLabels labels = new RouteLabels();
    largest(window.events(), labels, mostRoutes)
        .forEach(label -> groups.put(label, new RouteGroup()));
    for (RequestEvent event : window.events()) {
      all.add(event);
      String label = labels.of(event.method(), event.route());
      RouteGroup group = groups.get(label);
      if (group == null) {
        group = groups.computeIfAbsent(RouteLabels.OTHER, other -> new RouteGroup());
      }
      group.add(event);
    }
  }

  private static List<String> largest(List<RequestEvent> events, RouteLabels labels, int most) {
    Map<String, Integer> counts = new HashMap<>();
    for (RequestEvent event : events) {
      String label = labels.of(event.method(), event.route());
      if (!label.equals(RouteLabels.OTHER)) {
        counts.merge(label, 1, Integer::sum);
      }
    }
    return counts.entrySet().stream()
        .sorted(
            Map.Entry.<String, Integer>comparingByValue(Comparator.reverseOrder())
                .thenComparing(Map.Entry.comparingByKey()))
        .limit(most)
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Gives every metric by its key, those of the whole window first. */
  void forEach(ObjDoubleConsumer<String> metric) {
    all.forEach(RouteLabels.ALL, seconds, metric);
    groups.forEach((label, group) -> group.forEach(label, seconds, metric));
  }
}
