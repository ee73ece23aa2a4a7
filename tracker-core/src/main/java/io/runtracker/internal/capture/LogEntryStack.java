// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

import io.runtracker.internal.event.LogEntry;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The entries of one request, pushed by any thread and closed once. Every push is either among the
 * entries that {@link #endEntries} returns, or is told that it came too late.
 *
 * <p>A class to extend, so that a request costs one object and not two.
 */
abstract class LogEntryStack {

  private static final VarHandle NEWEST;

  static {
    try {
      NEWEST = MethodHandles.lookup().findVarHandle(LogEntryStack.class, "newest", LogEntry.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** A walk must make room for a quarter of all, or there is no other one. */
  private static final int WORTH_A_WALK = 4;

  private volatile @Nullable LogEntry newest;

  /** What became of a entry. */
  enum Pushed {
    WHOLE,
    /** In part, or not at all: there was no room. */
    CUT,
    TOO_LATE
  }

  /**
   * Adds a entry. Where there is no room, what was overwritten makes some, if that is worth walking
   * the stack for; else the entry is cut, or left out.
   *
   * @param room what all entries may take, in bytes
   */
  final Pushed push(LogEntry entry, int room) {
    while (true) {
      LogEntry head = newest;
      if (head == LogEntry.END) {
        return Pushed.TOO_LATE;
      }
      int left = room - (head == null ? 0 : head.taken());
      boolean fits = entry.size() <= left;
      if (!fits && (head == null || !head.isMarkedFull())) {
        makeRoomOrMark(head, room);
        continue;
      }
      LogEntry part = fits ? entry : entry.cutTo(left);
      if (part == null) {
        return Pushed.CUT;
      }
      part.putOn(head);
      if (NEWEST.compareAndSet(this, head, part)) {
        return fits ? Pushed.WHOLE : Pushed.CUT;
      }
    }
  }

  /**
   * Takes out what was overwritten; or, where that is not worth it, marks the entries as
   * incomplete, and nobody walks them again. Where another thread pushed meanwhile, there is
   * another look.
   */
  private void makeRoomOrMark(@Nullable LogEntry head, int room) {
    LogEntry less = head == null ? null : LogEntry.withoutOverwritten(head);
    boolean isWorthIt =
        head != null && less != null && head.taken() - less.taken() >= room / WORTH_A_WALK;
    NEWEST.compareAndSet(this, head, isWorthIt ? less : LogEntry.markedFull(head));
  }

  /** The id among the entries, which gets this number where there was none; null after the end. */
  final @Nullable LogEntry idOr(LongSupplier number) {
    while (true) {
      LogEntry head = newest;
      if (head == LogEntry.END) {
        return null;
      }
      LogEntry id = LogEntry.idAmong(head);
      if (id != null) {
        return id;
      }
      LogEntry fresh = LogEntry.id(number.getAsLong());
      fresh.putOn(head);
      if (NEWEST.compareAndSet(this, head, fresh)) {
        return fresh;
      }
    }
  }

  /**
   * Closes the stack and returns its entries, newest first; {@link LogEntry#END} when it was
   * closed.
   */
  final @Nullable LogEntry endEntries() {
    return (LogEntry) NEWEST.getAndSet(this, LogEntry.END);
  }

  /** What its entries take until now, in bytes. */
  final int takenByEntries() {
    LogEntry head = newest;
    return head == null ? 0 : head.taken();
  }

  final boolean areEntriesEnded() {
    return newest == LogEntry.END;
  }
}
