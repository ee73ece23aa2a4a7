// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where accepted events wait between the batcher and delivery, and where they stay until they are
 * delivered. The batcher adds; delivery takes, and returns what it could not deliver.
 */
interface Backlog {

  /** Takes a group over. What it has no room for, it drops and counts. Never waits for the sink. */
  void add(List<RequestEvent> group);

  /**
   * The next run to try: the one that has waited longest among those that are due.
   *
   * @return null when none was due within the time
   */
  @Nullable PendingRun take(Duration atMost) throws InterruptedException;

  /** Remembers that the run exists, before anything else is sent for it. */
  void created(PendingRun run, String runId);

  /** Takes a run back, to be tried again not before its time. */
  void retry(PendingRun run);

  /** Counts a run as delivered and forgets it. */
  void delivered(PendingRun run);

  /** Counts a run as dropped and forgets it. */
  void dropped(PendingRun run, DropReason reason);

  /** The end of delivery: what only memory holds is counted as {@link DropReason#SHUTDOWN}. */
  void abandon();

  /** Events that wait or are being delivered. */
  long size();

  /** Their estimated size on the heap, in bytes. */
  long bytes();

  /** The sequence of the oldest event that is not settled, or {@link Long#MAX_VALUE}. */
  long oldestSequence();

  /** How long the oldest event that is not settled has been finished. */
  Duration oldestAge();
}
