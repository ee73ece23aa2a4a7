// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The requests of a window as a draft of the sink's, and the places in the spool of those that are
 * in one. Of a request there is nothing else in here: windows hold most of what waits in a busy
 * service.
 *
 * <p>Not safe for use by several threads.
 */
final class WindowMembers {

  private final Supplier<WindowDraft> drafts;
  private final boolean keepsUnspooled;
  private @Nullable WindowDraft draft;
  private long[] positions = PendingRun.NO_POSITIONS;
  private int spooled;
  private final ArrayList<RequestEvent> unspooled = new ArrayList<>();
  private int size;
  private long firstTicket;
  private long bytes;
  private long startMillis = Long.MAX_VALUE;
  private long endMillis = Long.MIN_VALUE;
  private long oldestMillis;

  /**
   * @param drafts makes one when the first request comes
   * @param keepsUnspooled whether to hold on to the requests that are in no spool
   */
  WindowMembers(Supplier<WindowDraft> drafts, boolean keepsUnspooled) {
    this.drafts = drafts;
    this.keepsUnspooled = keepsUnspooled;
  }

  /**
   * They come in the order of their places in the spool, or they would be other rows. One that the
   * sink's draft throws at, or memory has no room for, is not in here.
   */
  void add(PendingEvent member) {
    RequestEvent event = member.event();
    if (member.isSpooled()) {
      if (spooled == positions.length) {
        positions = Arrays.copyOf(positions, Math.max(16, 2 * spooled));
      }
    } else if (keepsUnspooled) {
      unspooled.ensureCapacity(unspooled.size() + 1);
    }
    draft().add(event);
    if (member.isSpooled()) {
      positions[spooled++] = member.position();
    } else if (keepsUnspooled) {
      unspooled.add(event);
    }
    if (size++ == 0) {
      firstTicket = member.ticket();
      oldestMillis = event.endMillis();
    }
    bytes += member.bytes();
    startMillis = Math.min(startMillis, event.startMillis());
    endMillis = Math.max(endMillis, event.endMillis());
  }

  /** Where the sink has them. */
  WindowDraft draft() {
    WindowDraft begun = draft;
    if (begun == null) {
      begun = drafts.get();
      draft = begun;
    }
    return begun;
  }

  boolean isEmpty() {
    return size == 0;
  }

  int size() {
    return size;
  }

  /**
   * What is said of them as a window.
   *
   * @throws IllegalArgumentException when there are none
   */
  RequestWindow window(String windowId, Map<DropReason, Long> dropped) {
    return new RequestWindow(
        windowId,
        Instant.ofEpochMilli(startMillis),
        Instant.ofEpochMilli(endMillis),
        size,
        dropped);
  }

  /** In ascending order. */
  long[] positions() {
    return Arrays.copyOf(positions, spooled);
  }

  int unspooled() {
    return size - spooled;
  }

  /** Those that are in no spool, where they are kept. */
  List<RequestEvent> unspooledEvents() {
    return unspooled;
  }

  /** The first one's; only where there is one. */
  long ticket() {
    return firstTicket;
  }

  /** Their estimated size as events, of which a draft holds no more, as a rule. */
  long bytes() {
    return bytes;
  }

  /** When the first of them was complete, in milliseconds since the epoch; where there is one. */
  long oldestMillis() {
    return oldestMillis;
  }
}
