// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.RunStatus;
import io.runtracker.internal.event.EventBytes;
import java.util.Arrays;
import java.util.List;

/**
 * What {@link WindowStatistics} need of each request. Which routes are counted by themselves is
 * known when all requests are; until then there are twelve bytes of each.
 *
 * <p>Not safe for use by several threads.
 */
final class WindowNumbers {

  private static final int FEW = 256;

  private final RouteLabels labels = new RouteLabels();
  private int[] labelIds = new int[FEW];

  /** Microseconds, twice; one more when the request failed. */
  private long[] outcomes = new long[FEW];

  private int size;

  /**
   * When it throws, for want of memory, the request is not counted.
   *
   * @param fields those of the event
   */
  void add(EventBytes event, EventFields fields) {
    if (size == outcomes.length) {
      long[] more = Arrays.copyOf(outcomes, 2 * size);
      labelIds = Arrays.copyOf(labelIds, 2 * size);
      outcomes = more;
    }
    labelIds[size] = labels.idOf(event.labelHash(), fields);
    long micros = Math.max(0, event.durationNanos() / 1_000);
    outcomes[size] = 2 * micros + (event.status() == RunStatus.FAILED ? 1 : 0);
    size++;
  }

  /** Takes the request back that was added last. */
  void removeLast() {
    size--;
  }

  int size() {
    return size;
  }

  /** The labels; a request's is at {@link #labelId}. */
  List<String> labels() {
    return labels.labels();
  }

  int labelId(int request) {
    return labelIds[request];
  }

  long micros(int request) {
    return outcomes[request] >> 1;
  }

  boolean isFailure(int request) {
    return (outcomes[request] & 1) == 1;
  }

  int failures() {
    int failures = 0;
    for (int request = 0; request < size; request++) {
      failures += isFailure(request) ? 1 : 0;
    }
    return failures;
  }
}
