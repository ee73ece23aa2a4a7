// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.pipeline;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * Which requests are there, by their ids: a source and a number that counts its requests from 0
 * without gaps. So what is missing shows, and what is there twice.
 */
final class Recorded {

  private final Map<String, BitSet> bySource = new HashMap<>();
  private long requests;
  private long twice;

  synchronized void add(String source, long sequence) {
    BitSet of = bySource.computeIfAbsent(source, s -> new BitSet());
    int place = Math.toIntExact(sequence);
    if (of.get(place)) {
      twice++;
    } else {
      requests++;
    }
    of.set(place);
  }

  /** Of the form {@code source-sequence}. */
  void add(String eventId) {
    int dash = eventId.lastIndexOf('-');
    add(eventId.substring(0, dash), Long.parseLong(eventId.substring(dash + 1)));
  }

  /** Requests that are there; each counts once. */
  synchronized long requests() {
    return requests;
  }

  synchronized long twice() {
    return twice;
  }

  /** Numbers below the highest of their source that are not there. */
  synchronized long missing() {
    return bySource.values().stream().mapToLong(of -> of.length() - of.cardinality()).sum();
  }
}
