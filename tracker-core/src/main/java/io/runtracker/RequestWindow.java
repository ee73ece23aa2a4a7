// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.time.Instant;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Finished requests that a {@link WindowSink} writes together, as one run. Which requests belong to
 * a window is settled before it is sent for the first time, and stays so: each request is in one
 * window at most, and in none when it has a run of its own.
 *
 * @param windowId unique among all windows and events of all services; the run's tag {@code
 *     runtracker.event_id}
 * @param startTime when the first of the requests began
 * @param endTime when the last of the requests was complete
 * @param events the requests, in the order in which they were accepted
 * @param dropped requests that were lost, whatever the reason, between the window before and this
 *     one; reasons that did not occur are absent. Empty after a restart
 */
public record RequestWindow(
    String windowId,
    Instant startTime,
    Instant endTime,
    List<RequestEvent> events,
    Map<DropReason, Long> dropped) {

  /** Copies the collections. */
  public RequestWindow {
    events = List.copyOf(events);
    Map<DropReason, Long> copy = new EnumMap<>(DropReason.class);
    copy.putAll(dropped);
    dropped = Collections.unmodifiableMap(copy);
  }

  /**
   * A window of these requests, which spans from the begin of the first to the end of the last.
   *
   * @throws IllegalArgumentException when there are none
   */
  public static RequestWindow of(
      String windowId, List<RequestEvent> events, Map<DropReason, Long> dropped) {
    if (events.isEmpty()) {
      throw new IllegalArgumentException("a window of no requests");
    }
    long start = Long.MAX_VALUE;
    long end = Long.MIN_VALUE;
    for (RequestEvent event : events) {
      start = Math.min(start, event.startMillis());
      end = Math.max(end, event.endMillis());
    }
    return new RequestWindow(
        windowId, Instant.ofEpochMilli(start), Instant.ofEpochMilli(end), events, dropped);
  }

  /** This window's id and span, to look it up by. */
  RequestWindow withoutEvents() {
    return new RequestWindow(windowId, startTime, endTime, List.of(), Map.of());
  }

  @Override
  public String toString() {
    return "RequestWindow[" + windowId + ", " + events.size() + " requests]";
  }
}
