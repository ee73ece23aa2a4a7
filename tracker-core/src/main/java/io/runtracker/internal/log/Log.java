// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Events between capture and delivery, each at its position, until they are done: on the heap or,
 * with a spool, in its segments, of which the newest groups stay on the heap too.
 *
 * <p>One thread appends and never waits for another but for a write in progress. One thread calls
 * {@link #next}. Any thread may call the rest.
 *
 * <p>A group that the disk does not take stays on the heap alone, and is written later, unless an
 * event of it was sent meanwhile.
 */
// Longer than others: each method says what becomes of an event on the heap and on the disk.
public final class Log implements Backlog {

  /** What stays on the heap of what is on disk, for a reader that keeps up. */
  private static final long TAIL_BYTES = 4L << 20;

  private final @Nullable SegmentLog disk;
  private final Consumer<FailPoint> failPoints;
  private final long mostEvents;
  private final long mostBytes;
  private final ConcurrentSkipListMap<Long, Group> groups = new ConcurrentSkipListMap<>();
  private final AtomicLong tailBytes = new AtomicLong();
  private final AtomicLong heapBytes = new AtomicLong();
  private final AtomicLong heapEvents = new AtomicLong();
  private volatile Positions done = Positions.of(0, 1);
  private volatile long end;

  /**
   * Events that are not done, though the disk takes them for it, because they will never be on it.
   */
  private volatile Positions leftOut = Positions.NONE;

  /**
   * Groups that are on the heap alone, and may be written once the disk takes them. An array would
   * be in disorder when it could not grow.
   */
  private final Queue<Group> unwritten = new ConcurrentLinkedQueue<>();

  /** Events that were sent while no disk knew of it, and so must never get there. */
  private Positions unrecorded = Positions.NONE;

  private volatile boolean recovering;
  private volatile long cursor;
  private @Nullable Group current;

  private Log(
      @Nullable SegmentLog disk, long mostEvents, long mostBytes, Consumer<FailPoint> failPoints) {
    this.disk = disk;
    this.failPoints = failPoints;
    this.mostEvents = mostEvents;
    this.mostBytes = mostBytes;
    this.end = disk == null ? 1 : disk.recoveredEnd();
    this.cursor = end;
    this.recovering = disk != null;
  }

  /** What a log would not take of a group. */
  public record Refused(int byQuota, int byHeap, @Nullable SpoolException failure) {
    private static final Refused NOTHING = new Refused(0, 0, null);
  }

  /** A log that holds so much and no more. */
  public static Log onHeap(long mostEvents, long mostBytes) {
    return onHeap(mostEvents, mostBytes, FailPoint.NOBODY);
  }

  /** As {@link #onHeap(long, long)}, with somebody who is told of what it does. */
  public static Log onHeap(long mostEvents, long mostBytes, Consumer<FailPoint> failPoints) {
    return new Log(null, mostEvents, mostBytes, failPoints);
  }

  /** A log on disk, and what it holds on the heap when that takes nothing. */
  public static Log on(SegmentLog disk, long mostEvents, long mostBytes) {
    return on(disk, mostEvents, mostBytes, FailPoint.NOBODY);
  }

  /** As {@link #on(SegmentLog, long, long)}, with somebody who is told of what it does. */
  public static Log on(
      SegmentLog disk, long mostEvents, long mostBytes, Consumer<FailPoint> failPoints) {
    return new Log(disk, mostEvents, mostBytes, failPoints);
  }

  /** The segments, or null. */
  public @Nullable SegmentLog disk() {
    return disk;
  }

  @Override
  public @Nullable Memory memory() {
    return disk;
  }

  /**
   * Takes a group, whose events have positions from then on; safe on return where it is on disk.
   * Where it throws, {@link Group#isInLog} tells whether what is left in the group was taken.
   */
  public Refused append(Group group) {
    SpoolException failure = null;
    int all = group.size();
    if (disk != null) {
      try {
        if (unwritten.isEmpty() || writeUnwritten(disk)) {
          appendTo(disk, group);
          int refused = all - group.size();
          return refused == 0 ? Refused.NOTHING : new Refused(refused, 0, null);
        }
      } catch (SpoolException e) {
        failure = e;
      }
    }
    group.keep(fitting(group));
    if (group.size() > 0) {
      appendToHeap(group);
    }
    return new Refused(0, all - group.size(), failure);
  }

  private void appendTo(SegmentLog segments, Group group) throws SpoolException {
    if (segments.next() < end) {
      segments.skipTo(end); // what is on the heap has those positions
    }
    try {
      segments.append(group);
    } finally {
      if (group.isOnDisk()) {
        publish(group, tailBytes);
      }
    }
    dropOldTail();
  }

  private void appendToHeap(Group group) {
    group.placeAt(disk == null ? end : Math.max(end, disk.next()));
    if (disk != null) {
      unwritten.removeIf(Group::hasLeftHeap);
      unwritten.add(group);
    }
    heapEvents.addAndGet(group.size());
    try {
      publish(group, heapBytes);
    } finally {
      if (!group.isInLog()) {
        heapEvents.addAndGet(-group.size());
        unwritten.remove(group);
      }
    }
  }

  private int fitting(Group group) {
    long events = (disk == null ? live() : heapEvents.get()) + group.size();
    int fits = (int) Math.max(0, group.size() - Math.max(0, events - mostEvents));
    long bytes = heapBytes.get();
    for (int event = 0; event < fits; event++) {
      bytes += group.length(event);
      if (bytes > mostBytes) {
        return event;
      }
    }
    return fits;
  }

  /** Whether the heap would take no event at all, and there is nothing but the heap. */
  public boolean isFull() {
    return disk == null && (live() >= mostEvents || heapBytes.get() >= mostBytes);
  }

  /** Whether three quarters of what the heap may hold are taken, and there is nothing else. */
  @Override
  public boolean isCrowded() {
    return disk == null && (live() > mostEvents / 4 * 3 || heapBytes.get() > mostBytes / 4 * 3);
  }

  /** What is begun takes no room of its own: it is written beside the events. */
  @Override
  public Room room() {
    return Room.FOR_ALL;
  }

  /**
   * Lets a group be read. One that is on disk is, though memory be too short to keep it here: it
   * would come back when the disk is read, now or after a restart. One that is not in the log stays
   * in the map at most until another has its place.
   */
  private void publish(Group group, AtomicLong bytes) {
    boolean isHeld = false;
    try {
      failPoints.accept(FailPoint.BEFORE_PUBLISH);
      groups.put(group.first(), group);
      isHeld = true;
    } finally {
      if (isHeld || group.isOnDisk()) {
        bytes.addAndGet(isHeld ? group.bytes() : 0);
        group.inLog();
        end = group.end();
      }
    }
    failPoints.accept(FailPoint.AFTER_PUBLISH);
  }

  private void dropOldTail() {
    for (Group group : groups.values()) {
      if (tailBytes.get() <= TAIL_BYTES) {
        return;
      }
      if (group.isInLog() && group.isOnDisk() && groups.remove(group.first(), group)) {
        tailBytes.addAndGet(-group.bytes());
      }
    }
  }

  /** False when the quota has no room for them; what is new must wait with them then. */
  private synchronized boolean writeUnwritten(SegmentLog segments) throws SpoolException {
    for (Group group = unwritten.peek(); group != null; group = unwritten.peek()) {
      boolean isNew = segments.next() <= group.first(); // else a fault came behind it
      if (isNew && !write(group, segments)) {
        return false;
      }
      if (group.isOnDisk() && group.leaveHeap()) {
        heapBytes.addAndGet(-group.bytes());
        heapEvents.addAndGet(-group.size());
        tailBytes.addAndGet(group.bytes());
      }
      unwritten.remove();
    }
    segments.skipTo(end);
    return true;
  }

  /** Writes a group at its positions, or leaves them out; false when there is no room for it. */
  private boolean write(Group group, SegmentLog segments) throws SpoolException {
    Positions all = Positions.of(group.first(), group.end());
    segments.skipTo(group.first());
    if (all.and(unrecorded).isEmpty() && all.and(segments.done()).isEmpty()) {
      return segments.takeBack(group);
    }
    leftOut = leftOut.plus(all.minus(segments.done()));
    segments.skipTo(group.end());
    return true;
  }

  @Override
  public @Nullable SpooledEvent next() throws SpoolException {
    if (recovering && disk != null) {
      SpooledEvent event = disk.next(0);
      recovering = event != null && event.position() < disk.recoveredEnd();
      cursor = event == null || recovering ? cursor : event.position() + 1;
      if (event != null) {
        return event;
      }
    }
    long position = cursor;
    if (position >= end) {
      return null;
    }
    Group group = groupOf(position);
    if (group != null) {
      SpooledEvent event = group.event(position);
      cursor = position + 1; // behind what takes memory: else a fault would leave it out
      return event;
    }
    SpooledEvent event = disk == null ? null : disk.next(position);
    if (event != null) {
      cursor = event.position() + 1;
      return event;
    }
    return disk == null ? null : nextOnHeap(disk, position);
  }

  /** What is missing on disk before the next group on the heap will not come any more. */
  private @Nullable SpooledEvent nextOnHeap(SegmentLog segments, long from) {
    for (Group above : groups.subMap(from, end).values()) {
      if (above.isInLog() && !segments.isClosed()) {
        SpooledEvent event = above.event(above.first());
        segments.lost(Positions.of(from, above.first()));
        cursor = above.first() + 1;
        return event;
      }
    }
    return null;
  }

  private @Nullable Group groupOf(long position) {
    Group group = current;
    if (group == null || !group.holds(position)) {
      Map.Entry<Long, Group> entry = groups.floorEntry(position);
      group = entry == null || !entry.getValue().holds(position) ? null : entry.getValue();
      current = group;
    }
    return group;
  }

  @Override
  public void read(Positions wanted, Consumer<SpooledEvent> consumer) throws SpoolException {
    List<SpooledEvent> all = new ArrayList<>();
    Positions.Builder found = new Positions.Builder();
    for (Group group : groups.values()) {
      Positions own = group.isInLog() ? Positions.of(group.first(), group.end()) : Positions.NONE;
      Positions here = own.and(wanted);
      here.forEachRange(
          (first, behind) -> {
            for (long position = first; position < behind; position++) {
              found.add(position);
              all.add(group.event(position));
            }
          });
    }
    Positions rest = wanted.minus(found.build());
    if (!rest.isEmpty() && disk != null) {
      disk.read(rest, all::add);
      all.sort(Comparator.comparingLong(SpooledEvent::position));
    }
    all.forEach(consumer);
  }

  /** Remembers nothing of events of which none is on disk. */
  @Override
  public void control(byte[] payload, Positions about) throws SpoolException {
    if (disk == null) {
      return;
    }
    try {
      disk.control(payload, about.end());
    } catch (SpoolException e) {
      synchronized (this) {
        if (about.isEmpty() || about.first() < disk.next()) {
          throw e;
        }
        unrecorded = unrecorded.plus(about);
      }
    }
  }

  @Override
  public synchronized void done(Positions positions, byte[] ledger) {
    Positions stillLeftOut = leftOut.minus(positions);
    if (disk == null) {
      done = done.plus(positions);
    } else {
      disk.done(positions, ledger);
    }
    leftOut = stillLeftOut;
  }

  /** Deletes the segments that nobody needs any more. */
  @Override
  public void reap() {
    if (disk != null) {
      disk.reap(readBelow());
    }
  }

  @Override
  public void release(long below, Supplier<Positions> but) {
    if (disk != null && heapEvents.get() == 0) {
      return; // the tail of what is on disk goes by its size
    }
    Map<Long, Group> read = groups.headMap(below);
    if (read.isEmpty()) {
      return;
    }
    Positions needed = but.get();
    for (Group group : read.values()) {
      if (group.end() > below) {
        return;
      }
      if (group.isInLog()
          && !group.isOnDisk()
          && (disk == null || isDone(group))
          && needed.and(Positions.of(group.first(), group.end())).isEmpty()
          && groups.remove(group.first(), group)
          && group.leaveHeap()) {
        heapBytes.addAndGet(-group.bytes());
        heapEvents.addAndGet(-group.size());
      }
    }
  }

  /** Whether they are on disk. */
  @Override
  public boolean isKept(Positions positions) {
    return disk != null && positions.end() <= disk.next() && leftOut.and(positions).isEmpty();
  }

  private boolean isDone(Group group) {
    return Positions.of(group.first(), group.end()).minus(done()).isEmpty();
  }

  @Override
  public void holdOnHeap(long bytes) {
    heapBytes.addAndGet(bytes);
  }

  @Override
  public Positions done() {
    return disk == null ? done : disk.done().minus(leftOut);
  }

  @Override
  public long live() {
    long next = end;
    return next - done().sizeBelow(next);
  }

  @Override
  public long settledBelow() {
    Positions settled = disk == null ? done : disk.doneForGood().minus(leftOut);
    return settled.firstMissing(1);
  }

  @Override
  public long end() {
    return end;
  }

  @Override
  public long readBelow() {
    return recovering ? 0 : cursor;
  }

  /** Bytes of events on the heap. */
  public long heapBytes() {
    return heapBytes.get() + tailBytes.get();
  }

  /** How many events are not done, and on no disk. */
  @Override
  public long onHeapAlone() {
    if (disk == null) {
      return live();
    }
    long alone = 0;
    for (Group group : groups.values()) {
      if (group.isInLog() && !group.isOnDisk()) {
        alone += Positions.of(group.first(), group.end()).minus(done()).size();
      }
    }
    return alone;
  }

  /** Writes what can still be written; the events that cannot are {@link #onHeapAlone}. */
  @Override
  public void close() throws SpoolException {
    if (disk != null) {
      try {
        writeUnwritten(disk);
      } finally {
        disk.close();
      }
    }
  }
}
