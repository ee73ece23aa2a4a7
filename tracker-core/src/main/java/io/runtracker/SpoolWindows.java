// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * The windows of a spool: remembers those of this process, and puts those of the process before
 * together again as their events are read. What is not about files is under the lock of the
 * backlog's memory.
 */
final class SpoolWindows {

  private final WindowFiles files;
  private final BooleanSupplier commit;
  private final Map<Long, Rebuilt> rebuiltByPosition = new HashMap<>();
  private final List<Rebuilt> rebuilt = new ArrayList<>();
  private final RateLimitedLog warnings =
      new RateLimitedLog(LoggerFactory.getLogger(Tracker.class));

  /**
   * @param commit writes what the spool knows; false when it could not
   * @param drafts the sink's
   */
  SpoolWindows(Path spool, boolean synced, BooleanSupplier commit, Supplier<WindowDraft> drafts)
      throws IOException {
    this.commit = commit;
    this.files = new WindowFiles(spool, synced);
    for (WindowFiles.Found found : files.read()) {
      Rebuilt window = new Rebuilt(found, new WindowMembers(drafts, false));
      rebuilt.add(window);
      for (long position : found.positions()) {
        rebuiltByPosition.put(position, window);
      }
    }
  }

  /** A window of the process before, as far as its events have been read again. */
  static final class Rebuilt {
    private final WindowFiles.Found found;
    private final WindowMembers members;
    private @Nullable String runId;

    private Rebuilt(WindowFiles.Found found, WindowMembers members) {
      this.found = found;
      this.members = members;
    }

    /** Whether it is in the sink already, so that its events need only be ticked off. */
    boolean isDelivered() {
      return found.delivered();
    }

    String windowId() {
      return found.windowId();
    }

    private long lastPosition() {
      long[] positions = found.positions();
      return positions.length == 0 ? -1 : positions[positions.length - 1];
    }

    /** As {@link WindowMembers#add}. */
    void add(PendingEvent member, @Nullable String knownRunId) {
      members.add(member);
      runId = knownRunId != null ? knownRunId : runId;
    }
  }

  /** The window that an event belonged to before the restart, or null. */
  @Nullable Rebuilt of(long position) {
    return rebuiltByPosition.isEmpty() ? null : rebuiltByPosition.get(position);
  }

  /**
   * A window whose last event lies below a position that has been read up to, ready to be looked
   * up; null when there is none. One of whose events none is left is forgotten.
   */
  @Nullable PendingWindow complete(long readBelow, long lookUpNotBeforeNanos) {
    for (int i = 0; i < rebuilt.size(); i++) {
      Rebuilt window = rebuilt.get(i);
      if (window.lastPosition() >= readBelow) {
        continue;
      }
      rebuilt.remove(i--);
      for (long position : window.found.positions()) {
        rebuiltByPosition.remove(position);
      }
      if (window.isDelivered() || window.members.isEmpty()) {
        forget(window.windowId());
      } else {
        PendingWindow pending = new PendingWindow(window.windowId(), window.members, Map.of());
        if (window.runId != null) {
          pending.created(window.runId);
        } else {
          pending.mayExist(true);
          pending.notBefore(lookUpNotBeforeNanos);
        }
        return pending;
      }
    }
    return null;
  }

  void closed(PendingWindow window) {
    try {
      files.add(window.window().windowId(), window.positions());
    } catch (IOException | RuntimeException e) {
      warnings.warn(
          "window",
          "A window could not be remembered; a crash now may leave its requests recorded twice",
          e);
    }
  }

  /** To be called before the events are taken out of the spool. */
  void delivered(PendingWindow window) {
    try {
      files.delivered(window.window().windowId());
    } catch (IOException | RuntimeException e) {
      warnings.warn("window", "A window could not be remembered as delivered", e);
    }
  }

  /**
   * To be called when the events have been taken out of the spool. Should it not be able to write
   * that now, the window stays remembered until the next start.
   */
  void forget(String windowId) {
    if (!commit.getAsBoolean()) {
      return;
    }
    try {
      files.remove(windowId);
    } catch (IOException | RuntimeException e) {
      warnings.warn("window", "A window could not be forgotten", e);
    }
  }
}
