// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.event;

import io.runtracker.Metric;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One thing that a handler logged into its request: a node of a stack, newest first.
 *
 * <p>A stack, because threads can push onto it without a lock, one exchange of its head ends all
 * writing at once, and a request whose handler logs nothing allocates nothing.
 */
public final class LogEntry {

  public enum Kind {
    TAG,
    PARAM,
    METRIC,
    TEXT,
    /** The number in the event's id, where somebody asked for it before there was one. */
    ID,
    END
  }

  /** Head of a stack that takes no more entries. */
  public static final LogEntry END = new LogEntry(Kind.END, "", "", 0, 0, 0);

  /** The object itself, and those of its key and its text. */
  private static final int OWN_BYTES = 128;

  /** More than entries ever take. */
  private static final int FULL = 1 << 30;

  /** Less of a text than this says nothing. */
  private static final int LEAST_TEXT = 64;

  final Kind kind;
  public final String key;
  final String text;
  final double number;
  final long timestampMillis;
  final long step;
  public @Nullable LogEntry next;

  /** What this entry and all below it take, see {@link #size}; and {@link #FULL}, or not. */
  private int total;

  private LogEntry(
      Kind kind, String key, String text, double number, long timestampMillis, long step) {
    this.kind = kind;
    this.key = key;
    this.text = text;
    this.number = number;
    this.timestampMillis = timestampMillis;
    this.step = step;
  }

  private LogEntry(LogEntry same, @Nullable LogEntry next) {
    this(same.kind, same.key, same.text, same.number, same.timestampMillis, same.step);
    putOn(next);
  }

  /** Puts it on top of others. */
  public void putOn(@Nullable LogEntry others) {
    next = others;
    total = (others == null ? 0 : others.total) + size();
  }

  public static LogEntry text(Kind kind, String key, String text) {
    return new LogEntry(kind, key, text, 0, 0, 0);
  }

  public static LogEntry metric(String key, double value, long timestampMillis, long step) {
    return new LogEntry(Kind.METRIC, key, "", value, timestampMillis, step);
  }

  /** The number of an event, given before its request has ended. */
  public static LogEntry id(long number) {
    return new LogEntry(Kind.ID, "", "", 0, 0, number);
  }

  /** The number of an {@link #id}. */
  public long number() {
    return step;
  }

  /** The {@link #id} among them, or null; there is at most one. */
  public static @Nullable LogEntry idAmong(@Nullable LogEntry newest) {
    LogEntry entry = newest;
    while (entry != null && entry.kind != Kind.ID) {
      entry = entry.next;
    }
    return entry;
  }

  /** What it takes on the heap, in bytes, or less: a character is counted as one. */
  public int size() {
    return OWN_BYTES + key.length() + text.length();
  }

  /** What this entry and all below it take. */
  public int taken() {
    return total & ~FULL;
  }

  /** Whether some have been left out. */
  public boolean isMarkedFull() {
    return (total & FULL) != 0;
  }

  /** A tag that says that some are left out. */
  public static LogEntry markedFull(@Nullable LogEntry entries) {
    LogEntry mark = text(Kind.TAG, EventCodec.INCOMPLETE, "size");
    mark.putOn(entries);
    mark.total |= FULL;
    return mark;
  }

  /** As much of it as fits, with a mark; null when that is not worth it. */
  public @Nullable LogEntry cutTo(int bytes) {
    int left = bytes - OWN_BYTES - key.length();
    boolean isWorthIt = kind != Kind.METRIC && left >= LEAST_TEXT;
    return isWorthIt ? text(kind, key, EventCodec.cut(text, left)) : null;
  }

  /** The same without what was overwritten since. */
  public static LogEntry withoutOverwritten(LogEntry newest) {
    Set<List<Object>> seen = new HashSet<>();
    Deque<LogEntry> kept = new ArrayDeque<>();
    for (LogEntry entry = newest; entry != null; entry = entry.next) {
      if (entry.kind == Kind.METRIC || seen.add(List.of(entry.kind, entry.key))) {
        kept.addFirst(entry);
      }
    }
    LogEntry copied = null;
    for (LogEntry entry : kept) {
      copied = new LogEntry(entry, copied);
    }
    return Objects.requireNonNull(copied);
  }

  /** The texts of one kind by key, in the order first written; the last value of a key wins. */
  static Map<String, String> texts(@Nullable LogEntry newest, Kind kind) {
    if (newest == null) {
      return Map.of();
    }
    Map<String, String> texts = new LinkedHashMap<>();
    for (LogEntry entry : oldestFirst(newest, kind)) {
      texts.put(entry.key, entry.text);
    }
    return texts;
  }

  static List<Metric> metrics(@Nullable LogEntry newest) {
    if (newest == null) {
      return List.of();
    }
    List<Metric> metrics = new ArrayList<>();
    for (LogEntry entry : oldestFirst(newest, Kind.METRIC)) {
      metrics.add(new Metric(entry.key, entry.number, entry.timestampMillis, entry.step));
    }
    return metrics;
  }

  private static Deque<LogEntry> oldestFirst(@Nullable LogEntry newest, Kind kind) {
    Deque<LogEntry> entries = new ArrayDeque<>();
    for (LogEntry entry = newest; entry != null; entry = entry.next) {
      if (entry.kind == kind) {
        entries.addFirst(entry);
      }
    }
    return entries;
  }
}
