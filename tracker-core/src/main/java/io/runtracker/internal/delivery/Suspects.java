// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import java.util.Comparator;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
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

  private final Map<Unit.Kind, PriorityQueue<Unit>> awaitOthers = new EnumMap<>(Unit.Kind.class);

  /**
   * Has none yet.
   *
   * @param longestWaitNanos after its failure a unit is tried again although no other has passed
   */
  Suspects(long longestWaitNanos) {
    this.longestWaitNanos = longestWaitNanos;
    for (Unit.Kind kind : Unit.Kind.values()) {
      awaitOthers.put(kind, new PriorityQueue<>(Comparator.comparingLong(this::latestNanos)));
    }
  }

  private PriorityQueue<Unit> awaitOthers(Unit.Kind kind) {
    return Objects.requireNonNull(awaitOthers.get(kind));
  }

  private long latestNanos(Unit unit) {
    long latest = unit.failedNanos + longestWaitNanos;
    return latest - unit.notBeforeNanos > 0 ? latest : unit.notBeforeNanos;
  }

  void add(Unit unit) {
    worthATry.add(unit);
  }

  void addUntilOthersPass(Unit unit) {
    awaitOthers(unit.kind).add(unit);
  }

  /** Another unit has passed, which tells of those of its form. */
  void othersPassed(Unit.Kind kind) {
    PriorityQueue<Unit> await = awaitOthers(kind);
    for (Unit unit = await.peek(); unit != null; unit = await.peek()) {
      worthATry.add(unit); // first: where memory is short, it stays where it was
      await.remove();
    }
  }

  void remove(Unit unit) {
    if (!worthATry.remove(unit)) {
      awaitOthers(unit.kind).remove(unit);
    }
  }

  int size() {
    return worthATry.size() + awaitOthers.values().stream().mapToInt(PriorityQueue::size).sum();
  }

  boolean isAnyWorthATry() {
    return !worthATry.isEmpty();
  }

  Stream<Unit> stream() {
    return Stream.concat(
        worthATry.stream(), awaitOthers.values().stream().flatMap(PriorityQueue::stream));
  }

  /** The one to try next, or null when none is due. */
  @Nullable Unit due(long now) {
    Unit first = worthATry.peek();
    if (first != null && first.notBeforeNanos - now <= 0) {
      return first;
    }
    for (PriorityQueue<Unit> await : awaitOthers.values()) {
      first = await.peek();
      if (first != null && latestNanos(first) - now <= 0) {
        return first;
      }
    }
    return null;
  }

  /** When the next one is due, if that is before the deadline. */
  long dueNanos(long deadline) {
    Unit first = worthATry.peek();
    long due = first == null ? deadline : Math.min(first.notBeforeNanos, deadline);
    for (PriorityQueue<Unit> await : awaitOthers.values()) {
      first = await.peek();
      due = first == null ? due : Math.min(latestNanos(first), due);
    }
    return due;
  }

  /** As {@link #dueNanos}, where each try tells something, whether others passed or not. */
  long probeDueNanos(long deadline) {
    return stream().mapToLong(unit -> unit.notBeforeNanos).reduce(deadline, Math::min);
  }
}
