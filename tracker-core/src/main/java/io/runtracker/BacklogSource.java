// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import org.jspecify.annotations.Nullable;

/**
 * What stands behind the memory of a backlog, and is told what happens there. All calls come under
 * the memory's lock.
 */
interface BacklogSource {

  /** Nothing stands behind it. */
  BacklogSource NONE =
      new BacklogSource() {
        @Override
        public @Nullable PendingRun next(long ticket, int roomFor) {
          return null;
        }

        @Override
        public long waiting() {
          return 0;
        }

        @Override
        public void closed(PendingWindow window) {}

        @Override
        public void handedOut(PendingRun run) {}
      };

  /**
   * The next run for memory to hold, or null when there is none now.
   *
   * @param roomFor how many requests memory would still take
   */
  @Nullable PendingRun next(long ticket, int roomFor);

  /** Requests that are not in memory yet. */
  long waiting();

  /** A window has its members for good; called before it is handed out. */
  void closed(PendingWindow window);

  /** Called before a run goes to delivery, each time. */
  void handedOut(PendingRun run);
}
