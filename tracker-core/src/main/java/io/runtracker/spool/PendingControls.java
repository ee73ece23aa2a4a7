// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spool;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Control records that wait for the next write; any thread. */
final class PendingControls {
  /** What one write takes; ranges of done events are {first, count}. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Batch(
      Map<Long, String> created, List<long[]> done, byte @Nullable [] ledger, long ticket) {
    boolean isEmpty() {
      return created.isEmpty() && done.isEmpty() && ledger == null;
    }
  }

  private Map<Long, String> created = new LinkedHashMap<>();
  private List<long[]> done = new ArrayList<>();
  private byte @Nullable [] ledger;
  private long tickets;

  /** Returns a ticket: the record is written once a batch with this ticket or a later one is. */
  synchronized long created(long sequence, String runId) {
    created.put(sequence, runId);
    return ++tickets;
  }

  synchronized void done(long first, long count) {
    done.add(new long[] {first, count});
  }

  /** What is done and the ledger that knows it, in one write. */
  synchronized void done(List<long[]> ranges, byte @Nullable [] newLedger) {
    done.addAll(merged(ranges, 0));
    if (newLedger != null) {
      ledger = newLedger;
    }
  }

  synchronized void ledger(byte[] newLedger) {
    ledger = newLedger;
  }

  synchronized boolean many() {
    return done.size() >= 1024;
  }

  /** Takes all that waits; what concerns events below {@code head} is stale. */
  synchronized Batch drain(long head) {
    created.keySet().removeIf(sequence -> sequence < head);
    Batch batch = new Batch(created, merged(done, head), ledger, tickets);
    created = new LinkedHashMap<>();
    done = new ArrayList<>();
    ledger = null;
    return batch;
  }

  /** Puts back what could not be written. */
  synchronized void restore(Batch batch) {
    Map<Long, String> newer = created;
    created = batch.created();
    created.putAll(newer);
    done.addAll(batch.done());
    if (ledger == null) {
      ledger = batch.ledger();
    }
  }

  private static List<long[]> merged(List<long[]> ranges, long head) {
    ranges.sort(Comparator.comparingLong(range -> range[0]));
    List<long[]> merged = new ArrayList<>();
    for (long[] range : ranges) {
      long[] last = merged.isEmpty() ? null : merged.get(merged.size() - 1);
      if (range[0] + range[1] <= head) {
        continue;
      }
      if (last != null && last[0] + last[1] == range[0]) {
        last[1] += range[1];
      } else {
        merged.add(range.clone());
      }
    }
    return merged;
  }
}
