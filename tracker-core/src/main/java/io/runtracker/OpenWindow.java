// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.util.Map;
import java.util.function.Supplier;

/** The window that takes requests in. Not safe for use by several threads. */
final class OpenWindow {

  private final int mostRows;
  private final long mostBytes;
  private final long longestNanos;
  private final Supplier<WindowDraft> drafts;
  private final boolean keepsUnspooled;
  private WindowMembers members;
  private long sinceNanos;

  /** A window takes at most half of what memory holds, so that the next can fill meanwhile. */
  OpenWindow(Settings settings, Supplier<WindowDraft> drafts) {
    this.mostRows = Math.min(settings.windowRows(), Math.max(settings.queueSize() / 2, 1));
    this.mostBytes = Math.min(settings.windowBytes(), Math.max(settings.queueBytes() / 2, 1));
    this.longestNanos = settings.windowAge().toNanos();
    this.drafts = drafts;
    // With a spool those are set aside that the sink never takes, and some are not in it.
    this.keepsUnspooled = settings.spool() != null;
    this.members = new WindowMembers(drafts, keepsUnspooled);
  }

  WindowMembers members() {
    return members;
  }

  /** As {@link WindowMembers#add}. */
  void add(PendingEvent event, long now) {
    if (members.isEmpty()) {
      sinceNanos = now;
    }
    members.add(event);
  }

  boolean isFull() {
    return members.size() >= mostRows || members.bytes() >= mostBytes;
  }

  /** When it must close whatever is in it; only where it is not empty. */
  long dueNanos() {
    return sinceNanos + longestNanos;
  }

  /** Hands its members over as a window of that id, and is empty again. */
  PendingWindow close(String windowId, Map<DropReason, Long> dropped) {
    PendingWindow closed = new PendingWindow(windowId, members, dropped);
    clear();
    return closed;
  }

  void clear() {
    members = new WindowMembers(drafts, keepsUnspooled);
  }
}
