// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import java.util.Arrays;

/**
 * Events that are committed together, one after another in one array. Written by one thread; read
 * by any once the log has it.
 */
public final class Group {

  private final Fields out;
  private int[] ends;
  private int count;
  private long first;
  private volatile boolean onDisk;
  private volatile boolean inLog;
  private boolean leftHeap;

  /**
   * Room for what is expected; it grows where that is not enough.
   *
   * @param bytes of all events together
   */
  public Group(int events, int bytes) {
    this.out = new Fields(bytes);
    this.ends = new int[Math.max(events, 1)];
  }

  /** Where to write the next event; until {@link #endEvent} it is none. */
  public Fields out() {
    return out;
  }

  /** What was written since the last event is one. */
  public void endEvent() {
    if (count == ends.length) {
      ends = Arrays.copyOf(ends, 2 * count);
    }
    ends[count++] = out.size();
  }

  /** Takes back what was written since the last event. */
  public void cancelEvent() {
    out.cutTo(count == 0 ? 0 : ends[count - 1]);
  }

  /** Leaves the first so many events in. */
  void keep(int events) {
    count = events;
    cancelEvent();
  }

  /** The number of events. */
  public int size() {
    return count;
  }

  /** Their bytes together. */
  public int bytes() {
    return count == 0 ? 0 : ends[count - 1];
  }

  /** All events; those of one are at {@link #start} and {@link #length}. */
  public byte[] array() {
    return out.array();
  }

  /** Where an event begins. */
  public int start(int event) {
    return event == 0 ? 0 : ends[event - 1];
  }

  /** The length of an event in bytes. */
  public int length(int event) {
    return ends[event] - start(event);
  }

  /** Whether the log hands out this event from here. */
  boolean holds(long position) {
    return inLog && position >= first && position < end();
  }

  /** The position of the first event, once the log has the group. */
  public long first() {
    return first;
  }

  /** What is behind the position of the last event. */
  public long end() {
    return first + count;
  }

  boolean isOnDisk() {
    return onDisk;
  }

  /** The disk has it, from this position on. */
  void onDiskAt(long position) {
    first = position;
    onDisk = true;
  }

  /**
   * Whether it can be read from the log, for the thread that appended it; whatever was thrown
   * meanwhile.
   */
  public boolean isInLog() {
    return inLog;
  }

  void inLog() {
    inLog = true;
  }

  synchronized boolean hasLeftHeap() {
    return leftHeap;
  }

  /** It is on disk now, or nobody needs it any more; false when that was so before. */
  synchronized boolean leaveHeap() {
    boolean wasOnHeap = !leftHeap;
    leftHeap = true;
    return wasOnHeap;
  }

  SpooledEvent event(long position) {
    int event = (int) (position - first);
    return new SpooledEvent(position, array(), start(event), length(event));
  }

  void placeAt(long position) {
    first = position;
  }
}
