// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spool;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The segments of a log in order, and its totals; safe for all threads; no lock is held over I/O.
 */
final class SegmentIndex {
  private volatile Segment[] segments = new Segment[0];
  final AtomicLong live = new AtomicLong();
  final AtomicLong bytes = new AtomicLong();
  final AtomicLong lost = new AtomicLong();

  Segment[] all() {
    return segments;
  }

  synchronized void add(Segment segment) {
    Segment[] grown = Arrays.copyOf(segments, segments.length + 1);
    grown[segments.length] = segment;
    segments = grown;
  }

  /** Takes a segment out, unless another thread has. */
  synchronized void remove(Segment segment) {
    Segment[] left =
        Arrays.stream(segments).filter(other -> other != segment).toArray(Segment[]::new);
    if (left.length < segments.length) {
      segments = left;
      bytes.addAndGet(-segment.committed());
    }
  }

  /** The newest segment, which is never deleted: it knows the ledger and the next sequence. */
  @Nullable Segment newest() {
    Segment[] all = all();
    return all.length == 0 ? null : all[all.length - 1];
  }

  /** The first segment behind a number. */
  @Nullable Segment after(long number) {
    for (Segment segment : all()) {
      if (segment.name.number() > number) {
        return segment;
      }
    }
    return null;
  }

  /** Sequence below which every event is done and deleted. */
  long headBase() {
    Segment[] all = all();
    return all.length == 0 ? 0 : all[0].name.base();
  }

  /** The segment of an event, or null when it is deleted or was never there. */
  @Nullable Segment find(long sequence) {
    Segment[] all = all();
    int low = 0;
    int high = all.length;
    while (low < high) { // the last segment with a base that is not above
      int middle = (low + high) >>> 1;
      if (all[middle].name.base() <= sequence) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low == 0 || sequence >= all[low - 1].end() ? null : all[low - 1];
  }
}
