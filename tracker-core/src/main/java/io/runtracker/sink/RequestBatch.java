// SPDX-License-Identifier: Apache-2.0
package io.runtracker.sink;

import java.util.List;

/**
 * Finished requests that a {@link BatchWriter} writes together, in ascending order of their
 * positions.
 *
 * @param requests at least one
 * @param settledBelow no request with a position below this one is ever given again by this log,
 *     not even after a restart; by a copy of it, or after a disk was restored, one may be
 */
public record RequestBatch(List<Entry> requests, long settledBelow) {

  /** Copies the list. */
  public RequestBatch {
    requests = List.copyOf(requests);
  }

  /**
   * A request at its place in the log.
   *
   * @param position what no other request of this log has, as far as the log knows: where a machine
   *     lost power, or a disk was restored, the log may have forgotten some that it had given. So
   *     what was written is known by the position and the event's {@link EncodedEvent#source}
   * @param event may be kept
   */
  public record Entry(long position, EncodedEvent event) {}

  @Override
  public String toString() {
    return "RequestBatch[" + requests.size() + " requests]";
  }
}
