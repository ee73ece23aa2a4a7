// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.DropReason;
import io.runtracker.internal.event.EventBytes;
import io.runtracker.internal.log.Positions;
import io.runtracker.sink.RequestWindow;
import java.io.IOException;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The window that requests are put into now. Belongs to the thread that delivers. */
final class OpenWindow {

  private final Drafts drafts;
  private final Positions.Builder members = new Positions.Builder();
  private Drafts.@Nullable Filling requests;
  private int rows;
  private long bytes;
  private long firstPosition;
  private long startMillis;
  private long endMillis;
  private long oldestMillis;
  private long openedNanos;

  /** Is empty. */
  OpenWindow(Drafts drafts) {
    this.drafts = drafts;
  }

  /** Adds a request; where that fails, it is not in the window. */
  void add(EventBytes event, long position, long now) throws IOException {
    if (requests == null) {
      requests = drafts.newWindow();
    }
    members.reserve(position); // what is in the draft must be among the members
    requests.add(position, event);
    if (rows++ == 0) {
      openedNanos = now;
      firstPosition = position;
      startMillis = event.startMillis();
      endMillis = event.endMillis();
      oldestMillis = endMillis;
    }
    members.add(position);
    firstPosition = Math.min(firstPosition, position);
    bytes += event.length();
    startMillis = Math.min(startMillis, event.startMillis());
    endMillis = Math.max(endMillis, event.endMillis());
  }

  boolean isEmpty() {
    return rows == 0;
  }

  int rows() {
    return rows;
  }

  /** What its requests take as bytes. */
  long bytes() {
    return bytes;
  }

  /** Where in the log the first of its requests is; not of an empty one. */
  long firstPosition() {
    return firstPosition;
  }

  /** When the request that came first was complete; not of an empty one. */
  long oldestMillis() {
    return oldestMillis;
  }

  /** When the request that came first was added; not of an empty one. */
  long openedNanos() {
    return openedNanos;
  }

  /**
   * What is to be written of it. Nothing may be added any more.
   *
   * @param source with the positions of its requests it makes a name that no other window has
   */
  Unit closed(String source, Map<DropReason, Long> dropped) {
    Positions positions = members.build();
    String id = source + "-w" + positions.first() + "-" + (positions.end() - 1);
    Instant start = Instant.ofEpochMilli(startMillis);
    Instant end = Instant.ofEpochMilli(endMillis);
    RequestWindow described = new RequestWindow(id, start, end, rows, dropped);
    Draft draft = Objects.requireNonNull(requests).filled(described);
    Unit window = Unit.windowOf(id, draft, positions);
    window.bytes = bytes;
    window.oldestMillis = oldestMillis;
    return window;
  }
}
