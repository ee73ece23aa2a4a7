// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

import io.runtracker.internal.event.Note;
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

  /** A walk must make room for a quarter of all, or there is no other one. */
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
    while (true) {
      Note head = newest;
      if (head == Note.END) {
        return Pushed.TOO_LATE;
      }
      int left = room - (head == null ? 0 : head.taken());
      boolean fits = note.size() <= left;
      if (!fits && (head == null || !head.isMarkedFull())) {
        makeRoomOrMark(head, room);
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

  /**
   * Takes out what was overwritten; or, where that is not worth it, marks the notes as incomplete,
   * and nobody walks them again. Where another thread pushed meanwhile, there is another look.
   */
  private void makeRoomOrMark(@Nullable Note head, int room) {
    Note less = head == null ? null : Note.withoutOverwritten(head);
    boolean isWorthIt =
        head != null && less != null && head.taken() - less.taken() >= room / WORTH_A_WALK;
    NEWEST.compareAndSet(this, head, isWorthIt ? less : Note.markedFull(head));
  }

  /** The id among the notes, which is the one given where there was none; null after the end. */
  final @Nullable Note idOr(Note first) {
    while (true) {
      Note head = newest;
      if (head == Note.END) {
        return null;
      }
      Note id = Note.idAmong(head);
      if (id != null) {
        return id;
      }
      first.putOn(head);
      if (NEWEST.compareAndSet(this, head, first)) {
        return first;
      }
    }
  }

  /** Closes the stack and returns its notes, newest first; {@link Note#END} when it was closed. */
  final @Nullable Note endNotes() {
    return (Note) NEWEST.getAndSet(this, Note.END);
  }

  /** What its notes take until now, in bytes. */
  final int takenByNotes() {
    Note head = newest;
    return head == null ? 0 : head.taken();
  }

  final boolean areNotesEnded() {
    return newest == Note.END;
  }
}
