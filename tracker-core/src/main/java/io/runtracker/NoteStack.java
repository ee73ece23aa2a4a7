// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The notes of one request, pushed by any thread and closed once. Every push is either among the
 * notes that {@link #endNotes} returns, or is told that it came too late.
 *
 * <p>A class to extend, so that a request costs one object and not two.
 */
abstract class NoteStack {

  private static final VarHandle NEWEST;

  static {
    try {
      NEWEST = MethodHandles.lookup().findVarHandle(NoteStack.class, "newest", Note.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** A walk must make room for a quarter of all, so that each note is walked past a few times. */
  private static final int WORTH_A_WALK = 4;

  private volatile @Nullable Note newest;

  /** What became of a note. */
  enum Pushed {
    WHOLE,
    /** In part, or not at all: there was no room. */
    CUT,
    TOO_LATE
  }

  /**
   * Adds a note. Where there is no room, what was overwritten makes some, if that is worth walking
   * the stack for; else the note is cut, or left out.
   *
   * @param room what all notes may take, in bytes
   */
  final Pushed push(Note note, int room) {
    boolean mayMakeRoom = true;
    while (true) {
      Note head = newest;
      if (head == Note.END) {
        return Pushed.TOO_LATE;
      }
      int left = room - (head == null ? 0 : head.total);
      boolean fits = note.size() <= left;
      if (!fits && head != null && mayMakeRoom) {
        mayMakeRoom = makesRoom(head, room);
        continue;
      }
      Note part = fits ? note : note.cutTo(left);
      if (part == null) {
        return Pushed.CUT;
      }
      part.putOn(head);
      if (NEWEST.compareAndSet(this, head, part)) {
        return fits ? Pushed.WHOLE : Pushed.CUT;
      }
    }
  }

  /** Takes out what was overwritten. False when that is not worth it. */
  private boolean makesRoom(Note head, int room) {
    Note less = Note.withoutOverwritten(head);
    if (head.total - less.total < room / WORTH_A_WALK) {
      return false;
    }
    NEWEST.compareAndSet(this, head, less); // else another thread pushed; there is another look
    return true;
  }

  /** Closes the stack and returns its notes, newest first; {@link Note#END} when it was closed. */
  final @Nullable Note endNotes() {
    return (Note) NEWEST.getAndSet(this, Note.END);
  }

  final boolean areNotesEnded() {
    return newest == Note.END;
  }
}
