// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The segments of a log in order, and which events are done; safe for all threads; no lock is held
 * over I/O.
 */
final class SegmentIndex {

  /** Where the record of an event is, header included. */
  record Location(Segment segment, long start, int size) {}

  private volatile Segment[] segments = new Segment[0];
  private volatile Positions done = Positions.NONE;

  /** The events that were copied forward; those that are done until {@link #forgetDone}. */
  private final Map<Long, Location> carried = new ConcurrentSkipListMap<>();

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

  /** The newest segment, which is never deleted: it knows the ledger and the next position. */
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

  boolean isDone(long position) {
    return done.contains(position);
  }

  /** All that are done, those of deleted segments included. */
  Positions done() {
    return done;
  }

  /**
   * Marks events as done; returns those that were not.
   *
   * @param note told of those. It is the last that may fail, as where memory is short: none is
   *     marked then
   */
  synchronized Positions markDone(Positions positions, Consumer<Positions> note) {
    Positions fresh = positions.minus(done);
    Positions all = done.plus(fresh);
    note.accept(fresh);
    done = all;
    return fresh;
  }

  /** As {@link #markDone(Positions, Consumer)}, where nobody else is to know. */
  Positions markDone(Positions positions) {
    Positions fresh = markDone(positions, them -> {});
    forgetDone();
    return fresh;
  }

  /** Lets go of what is kept about copied events that are done by now. */
  synchronized void forgetDone() {
    carried.keySet().removeIf(done::contains);
  }

  /** Events that were taken for done, and are missing. */
  synchronized void unmark(Positions positions) {
    done = done.minus(positions);
  }

  /** An event has another place from now on, unless another thread is done with it already. */
  synchronized void carry(long position, Location location) {
    if (!done.contains(position)) {
      carried.put(position, location);
    }
  }

  /** As {@link #carry}, of an event that was taken for done because its segment is deleted. */
  synchronized void recoverCarried(long position, Location location) {
    unmark(Positions.of(position));
    carried.put(position, location);
  }

  Map<Long, Location> carried() {
    return carried;
  }

  /** The events that were copied forward, and are not done. */
  Positions carriedPositions() {
    Positions.Builder positions = new Positions.Builder();
    carried.keySet().forEach(positions::add);
    return positions.build().minus(done);
  }

  /** Whether an event was copied to another place than this one. */
  boolean isElsewhere(long position, Segment segment, long start) {
    Location location = carried.get(position);
    return location != null && (location.segment() != segment || location.start() != start);
  }

  /** The events that are there and not done. */
  Positions live(long next) {
    return Positions.of(1, next).minus(done);
  }

  /** How many events are there and not done. */
  long liveCount(long next) {
    Positions known = done;
    return next - 1 - (known.sizeBelow(next) - known.sizeBelow(1));
  }

  /** The events whose only record is in a segment. */
  Positions liveIn(Segment segment) {
    Positions.Builder here = new Positions.Builder();
    Positions.Builder elsewhere = new Positions.Builder();
    carried.forEach(
        (position, location) -> (location.segment() == segment ? here : elsewhere).add(position));
    Positions own = segment.positions().minus(elsewhere.build());
    return own.plus(here.build()).minus(done);
  }

  /** How many events have stood in the segments that are there, whether they are done or not. */
  long ever() {
    long events = carried.size();
    for (Segment segment : all()) {
      events += segment.positions().size();
    }
    return events;
  }
}
