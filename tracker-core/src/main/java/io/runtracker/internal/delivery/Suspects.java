// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Units that fail while others pass, and wait to be tried again. Until others have passed once
 * more, another try of one would tell nothing, so it has time; it holds up none of those behind it.
 *
 * <p>Belongs to the thread that delivers.
 */
final class Suspects {

  private final long longestWaitNanos;

  /** Others have passed since these failed, or these have not been tried yet. */
  private final PriorityQueue<Unit> worthATry = new PriorityQueue<>(WaitingUnits.BY_TIME);

  private final PriorityQueue<Unit> awaitOthers =
      new PriorityQueue<>(Comparator.comparingLong(this::latestNanos));

  /**
   * Has none yet.
   *
   * @param longestWaitNanos after its failure a unit is tried again although no other has passed
   */
  Suspects(long longestWaitNanos) {
    this.longestWaitNanos = longestWaitNanos;
  }

  private long latestNanos(Unit unit) {
    long latest = unit.failedNanos + longestWaitNanos;
    return latest - unit.notBeforeNanos > 0 ? latest : unit.notBeforeNanos;
  }

  void add(Unit unit) {
    worthATry.add(unit);
  }

  void addUntilOthersPass(Unit unit) {
    awaitOthers.add(unit);
  }

  /** Another unit has passed. */
  void othersPassed() {
    for (Unit unit = awaitOthers.peek(); unit != null; unit = awaitOthers.peek()) {
      worthATry.add(unit); // first: where memory is short, it stays where it was
      awaitOthers.remove();
    }
  }

  void remove(Unit unit) {
    if (!worthATry.remove(unit)) {
      awaitOthers.remove(unit);
    }
  }

  int size() {
    return worthATry.size() + awaitOthers.size();
  }

  Stream<Unit> stream() {
    return Stream.concat(worthATry.stream(), awaitOthers.stream());
  }

  /** The one to try next, or null when none is due. */
  @Nullable Unit due(long now) {
    Unit first = worthATry.peek();
    if (first != null && first.notBeforeNanos - now <= 0) {
      return first;
    }
    first = awaitOthers.peek();
    return first != null && latestNanos(first) - now <= 0 ? first : null;
  }

  /** When the next one is due, if that is before the deadline. */
  long dueNanos(long deadline) {
    Unit first = worthATry.peek();
    long due = first == null ? deadline : Math.min(first.notBeforeNanos, deadline);
    first = awaitOthers.peek();
    return first == null ? due : Math.min(latestNanos(first), due);
  }

  /** As {@link #dueNanos}, where each try tells something, whether others passed or not. */
  long probeDueNanos(long deadline) {
    return stream().mapToLong(unit -> unit.notBeforeNanos).reduce(deadline, Math::min);
  }
}
