// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Where accepted events wait between the batcher and delivery, and where they stay until they are
 * delivered. The batcher adds; delivery takes, and returns what it could not deliver.
 */
interface Backlog {

  /**
   * Takes a group over. Never waits for the sink.
   *
   * @return how many of them it refused because memory is full, for the caller to count; what it
   *     drops for any other reason it has counted
   */
  int add(List<RequestEvent> group);

  /**
   * Whether it has no room for any request that came now. So that while the server is away for
   * long, nobody makes an event of a request only for it to be refused.
   */
  boolean isFull();

  /**
   * The next run to try: the one that has waited longest among those that are due.
   *
   * @return null when none was due within the time
   */
  @Nullable PendingRun take(Duration atMost) throws InterruptedException;

  /**
   * A window to try now, or null: for when no more runs may be begun, so that slow runs never hold
   * up the windows that relieve them.
   */
  @Nullable PendingRun takeWindow();

  /** Remembers that the run exists, before anything else is sent for it. */
  void created(PendingRun run, String runId);

  /** What was created twice, remembered where everything else is. */
  DuplicateSweep sweep();

  /** Takes a run back, to be tried again not before its time. */
  void retry(PendingRun run);

  /** Counts a run as delivered and forgets it. */
  void delivered(PendingRun run);

  /** Sets a run aside for good: counts it as dropped, and keeps the cause where it can. */
  void dropped(PendingRun run, DropReason reason, String cause);

  /** The end of delivery: what only memory holds is counted as {@link DropReason#SHUTDOWN}. */
  void close();

  /** Whether requests are put into windows now. */
  boolean isWritingWindows();

  /** Events that wait or are being delivered. */
  long size();

  /** Their estimated size on the heap, in bytes. */
  long bytes();

  /** What the spool takes on disk, in bytes; 0 without one. */
  long spoolBytes();

  /** How long the oldest event that is being delivered or waits in memory has been finished. */
  Duration oldestAge();

  /** A question to ask again and again: is everything settled that was added before now? */
  BooleanSupplier allSettled();
}
