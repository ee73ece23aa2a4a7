// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One thing that a handler logged into its request: a node of a stack, newest first.
 *
 * <p>A stack, because threads can push onto it without a lock, one exchange of its head ends all
 * writing at once, and a request whose handler logs nothing allocates nothing.
 */
final class Note {

  enum Kind {
    TAG,
    PARAM,
    METRIC,
    TEXT,
    END
  }

  /** Head of a stack that takes no more notes. */
  static final Note END = new Note(Kind.END, "", "", 0, 0, 0);

  final Kind kind;
  final String key;
  final String text;
  final double number;
  final long timestampMillis;
  final long step;
  @Nullable Note next;

  private Note(Kind kind, String key, String text, double number, long timestampMillis, long step) {
    this.kind = kind;
    this.key = key;
    this.text = text;
    this.number = number;
    this.timestampMillis = timestampMillis;
    this.step = step;
  }

  static Note text(Kind kind, String key, String text) {
    return new Note(kind, key, text, 0, 0, 0);
  }

  static Note metric(String key, double value, long timestampMillis, long step) {
    return new Note(Kind.METRIC, key, "", value, timestampMillis, step);
  }

  /** The texts of one kind by key, in the order first written; the last value of a key wins. */
  static Map<String, String> texts(@Nullable Note newest, Kind kind) {
    if (newest == null) {
      return Map.of();
    }
    Map<String, String> texts = new LinkedHashMap<>();
    for (Note note : oldestFirst(newest, kind)) {
      texts.put(note.key, note.text);
    }
    return texts;
  }

  static List<Metric> metrics(@Nullable Note newest) {
    if (newest == null) {
      return List.of();
    }
    List<Metric> metrics = new ArrayList<>();
    for (Note note : oldestFirst(newest, Kind.METRIC)) {
      metrics.add(new Metric(note.key, note.number, note.timestampMillis, note.step));
    }
    return metrics;
  }

  private static Deque<Note> oldestFirst(@Nullable Note newest, Kind kind) {
    Deque<Note> notes = new ArrayDeque<>();
    for (Note note = newest; note != null; note = note.next) {
      if (note.kind == kind) {
        notes.addFirst(note);
      }
    }
    return notes;
  }
}
