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

  private volatile @Nullable Note newest;

  /** Adds a note; false when the stack is closed. */
  final boolean push(Note note) {
    Note head;
    do {
      head = newest;
      if (head == Note.END) {
        return false;
      }
      note.next = head;
    } while (!NEWEST.compareAndSet(this, head, note));
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
