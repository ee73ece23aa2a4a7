// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The requests of a window, and the places in the spool of those that are in one. Of a request
 * there is nothing in here but its event: windows hold most of what waits in a busy service.
 *
 * <p>Not safe for use by several threads.
 */
final class WindowMembers {

  private final List<RequestEvent> events = new ArrayList<>();
  private long[] positions = PendingRun.NO_POSITIONS;
  private int spooled;
  private long firstTicket;
  private long bytes;

  /** They come in the order of their places in the spool, or they would be other rows. */
  void add(PendingEvent member) {
    if (events.isEmpty()) {
      firstTicket = member.ticket();
    }
    events.add(member.event());
    bytes += member.bytes();
    if (member.isSpooled()) {
      if (spooled == positions.length) {
        positions = Arrays.copyOf(positions, Math.max(16, 2 * spooled));
      }
      positions[spooled++] = member.position();
    }
  }

  boolean isEmpty() {
    return events.isEmpty();
  }

  int size() {
    return events.size();
  }

  /** In the order in which they were added. */
  List<RequestEvent> events() {
    return events;
  }

  /** In ascending order. */
  long[] positions() {
    return Arrays.copyOf(positions, spooled);
  }

  int unspooled() {
    return events.size() - spooled;
  }

  /** The first one's; only where there is one. */
  long ticket() {
    return firstTicket;
  }

  long bytes() {
    return bytes;
  }

  /** When the first of them was complete, in milliseconds since the epoch; where there is one. */
  long oldestMillis() {
    return events.get(0).endMillis();
  }
}
