// SPDX-License-Identifier: Apache-2.0
package io.runtracker.sink;

import io.runtracker.DropReason;
import java.time.Instant;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * Finished requests that a {@link WindowSink} writes together, as one run; the requests themselves
 * are in its {@link WindowDraft}. Which requests belong to a window is settled before it is sent
 * for the first time, and stays so: each request is in one window at most, and in none when it has
 * a run of its own.
 *
 * @param windowId unique among all windows and events of all services; the run's tag {@code
 *     runtracker.event_id}
 * @param startTime when the first of the requests began
 * @param endTime when the last of the requests was complete
 * @param size the number of requests
 * @param dropped requests that were lost, whatever the reason, between the window before and this
 *     one; reasons that did not occur are absent. Empty after a restart
 */
public record RequestWindow(
    String windowId, Instant startTime, Instant endTime, int size, Map<DropReason, Long> dropped) {

  /**
   * Copies the map.
   *
   * @throws IllegalArgumentException when there are no requests
   */
  public RequestWindow {
    if (size < 1) {
      throw new IllegalArgumentException("a window of no requests");
    }
    Map<DropReason, Long> copy = new EnumMap<>(DropReason.class);
    copy.putAll(dropped);
    dropped = Collections.unmodifiableMap(copy);
  }

  @Override
  public String toString() {
    return "RequestWindow[" + windowId + ", " + size + " requests]";
  }
}
