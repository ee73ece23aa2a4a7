// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.batch;

import io.runtracker.DropReason;
import io.runtracker.internal.log.Log;
import io.runtracker.internal.stage.Counts;
import io.runtracker.internal.stage.RateLimitedLog;

/** Counts and tells what found no room. Belongs to the batcher's thread. */
final class Refusals {

  private final Counts counts;
  private final RateLimitedLog warnings;
  private long ringRefused;

  Refusals(Counts counts, RateLimitedLog warnings) {
    this.counts = counts;
    this.warnings = warnings;
  }

  void count(Log.Refused refused) {
    if (refused.failure() != null) {
      warnings.warn(
          "append",
          "The spool cannot be written; requests are kept in memory only",
          refused.failure());
    }
    if (refused.byQuota() > 0) {
      counts.dropped(DropReason.SPOOL_FULL, refused.byQuota());
      warnings.warn(
          "quota",
          "The spool has reached its quota; requests are dropped and counted as SPOOL_FULL");
    }
    if (refused.byHeap() > 0) {
      counts.dropped(DropReason.QUEUE_FULL, refused.byHeap());
      sayThatTheQueueIsFull();
    }
  }

  void sayThatTheQueueIsFull() {
    warnings.warn(
        "queue full", "The queue is full; requests are dropped and counted as QUEUE_FULL");
  }

  /** In place of the request threads, which only count. */
  void sayWhatTheRingRefused() {
    long refused = counts.droppedFor(DropReason.RING_FULL);
    if (refused > ringRefused) {
      ringRefused = refused;
      warnings.warn(
          "ring full", "The ring buffer is full; requests are dropped and counted as RING_FULL");
    }
  }
}
