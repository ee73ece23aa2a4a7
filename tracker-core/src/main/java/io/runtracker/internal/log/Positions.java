// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/**
 * A set of places in a log, kept as ranges: however many there are, it is as small as the number of
 * gaps between them. Immutable.
 */
public final class Positions {

  /** The empty set. */
  public static final Positions NONE = new Positions(new long[0]);

  /**
   * The first of a range, then what is behind its last, and so on; ascending, with gaps between.
   */
  private final long[] bounds;

  private final long size;

  private Positions(long[] bounds) {
    this.bounds = bounds;
    long sum = 0;
    for (int i = 0; i < bounds.length; i += 2) {
      sum += bounds[i + 1] - bounds[i];
    }
    this.size = sum;
  }

  /** Takes one range at a time. */
  public interface RangeConsumer {
    /** A range from its first position to what is behind its last. */
    void accept(long first, long end);
  }

  /** Whether a position of the result is in the first set, in the second, in both. */
  private interface Rule {
    boolean keeps(boolean inFirst, boolean inSecond);
  }

  /** One position. */
  public static Positions of(long position) {
    return of(position, position + 1);
  }

  /** All from {@code first} on and below {@code end}. */
  public static Positions of(long first, long end) {
    return first < end ? new Positions(new long[] {first, end}) : NONE;
  }

  /** Collects positions that mostly come in ascending order. Not safe for several threads. */
  public static final class Builder {
    private long[] bounds = new long[8];
    private int used;
    private Positions others = NONE;
    private Positions reserved = NONE;

    /** Sees to it that a position can be added next, however short memory is by then. */
    public void reserve(long position) {
      if (isBelowLast(position)) {
        reserved = others.plus(of(position));
      } else if (used == bounds.length) {
        bounds = Arrays.copyOf(bounds, 2 * used);
      }
    }

    private boolean isBelowLast(long position) {
      return used > 0 && bounds[used - 1] > position;
    }

    /** Adds one. */
    public void add(long position) {
      if (used > 0 && bounds[used - 1] == position) {
        bounds[used - 1]++;
        return;
      }
      if (isBelowLast(position)) {
        boolean isReserved = reserved.contains(position) && reserved.size() == others.size() + 1;
        others = isReserved ? reserved : others.plus(of(position));
        return;
      }
      reserve(position);
      bounds[used++] = position;
      bounds[used++] = position + 1;
    }

    /** What was added. */
    public Positions build() {
      return new Positions(Arrays.copyOf(bounds, used)).plus(others);
    }
  }

  /** How many there are. */
  public long size() {
    return size;
  }

  /** How many there are below a position. */
  public long sizeBelow(long end) {
    if (end >= end()) {
      return size;
    }
    long sum = 0;
    for (int i = 0; i < bounds.length && bounds[i] < end; i += 2) {
      sum += Math.min(bounds[i + 1], end) - bounds[i];
    }
    return sum;
  }

  /** Whether there are none. */
  public boolean isEmpty() {
    return bounds.length == 0;
  }

  /** The lowest; only where there is one. */
  public long first() {
    return bounds[0];
  }

  /** What is behind the highest; 0 where there are none. */
  public long end() {
    return isEmpty() ? 0 : bounds[bounds.length - 1];
  }

  /** The lowest from a position on that is not in the set. */
  public long firstMissing(long from) {
    int at = Arrays.binarySearch(bounds, from);
    int behind = at >= 0 ? at + 1 : -at - 1; // how many bounds are at or below it
    return behind % 2 == 1 ? bounds[behind] : from;
  }

  /** Whether this one is in the set. */
  public boolean contains(long position) {
    int found = Arrays.binarySearch(bounds, position);
    return found >= 0 ? found % 2 == 0 : -found % 2 == 0;
  }

  /** Those of both sets. */
  public Positions plus(Positions other) {
    return isEmpty()
        ? other
        : other.isEmpty() ? this : combine(other, (inFirst, inSecond) -> inFirst || inSecond);
  }

  /** Those of all these sets; much faster than one {@link #plus} after the other. */
  public static Positions union(List<Positions> sets) {
    int half = sets.size() / 2;
    return switch (sets.size()) {
      case 0 -> NONE;
      case 1 -> sets.get(0);
      default -> union(sets.subList(0, half)).plus(union(sets.subList(half, sets.size())));
    };
  }

  /** Those that are not in the other set. */
  public Positions minus(Positions other) {
    Positions near = isEmpty() ? NONE : other.within(first(), end());
    return near.isEmpty() ? this : combine(near, (inFirst, inSecond) -> inFirst && !inSecond);
  }

  /** Those that are in the other set too. */
  public Positions and(Positions other) {
    Positions near = isEmpty() ? NONE : other.within(first(), end());
    return near.isEmpty() ? NONE : combine(near, (inFirst, inSecond) -> inFirst && inSecond);
  }

  /** The ranges that reach into this one: of a set with many gaps mostly a few. */
  private Positions within(long first, long end) {
    int from = indexOf(first) & ~1;
    int to = Math.min((indexOf(end) + 1) & ~1, bounds.length);
    return from == 0 && to == bounds.length
        ? this
        : from >= to ? NONE : new Positions(Arrays.copyOfRange(bounds, from, to));
  }

  /** Of the first bound that is not below a position. */
  private int indexOf(long position) {
    int found = Arrays.binarySearch(bounds, position);
    return found < 0 ? -found - 1 : found;
  }

  private Positions combine(Positions other, Rule rule) {
    long[] a = bounds;
    long[] b = other.bounds;
    long[] result = new long[a.length + b.length];
    int used = 0;
    int i = 0;
    int j = 0;
    while (i < a.length || j < b.length) {
      long at =
          Math.min(i < a.length ? a[i] : Long.MAX_VALUE, j < b.length ? b[j] : Long.MAX_VALUE);
      i += i < a.length && a[i] == at ? 1 : 0;
      j += j < b.length && b[j] == at ? 1 : 0;
      if (rule.keeps(i % 2 == 1, j % 2 == 1) == (used % 2 == 0)) {
        result[used++] = at;
      }
    }
    return used == 0 ? NONE : new Positions(Arrays.copyOf(result, used));
  }

  /** Hands over the ranges in ascending order. */
  public void forEachRange(RangeConsumer consumer) {
    for (int i = 0; i < bounds.length; i += 2) {
      consumer.accept(bounds[i], bounds[i + 1]);
    }
  }

  /** The first so many of them. */
  public Positions firstOnes(long count) {
    long left = count;
    for (int i = 0; i < bounds.length; i += 2) {
      long range = bounds[i + 1] - bounds[i];
      if (range >= left) {
        return and(of(bounds[0], bounds[i] + left));
      }
      left -= range;
    }
    return this;
  }

  /** A few bytes for each range. */
  public byte[] encode() {
    Fields out = new Fields(8 + 4 * bounds.length);
    long before = 0;
    for (long bound : bounds) {
      out.varint(bound - before);
      before = bound;
    }
    return out.toBytes();
  }

  /**
   * Reads what {@link #encode} has written.
   *
   * @throws IOException when these bytes are something else
   */
  public static Positions decode(byte[] bytes) throws IOException {
    Fields.Reader in = new Fields.Reader(bytes, 0, bytes.length);
    int count = 0; // not as many as there are bytes, which would take eight times their memory
    for (byte each : bytes) {
      count += each >= 0 ? 1 : 0;
    }
    long[] bounds = new long[count];
    int used = 0;
    long at = 0;
    while (in.hasMore()) {
      long step = in.varint();
      if (step < (used == 0 ? 0 : 1) || at + step < at) {
        throw new IOException("ranges that do not ascend");
      }
      at += step;
      bounds[used++] = at;
    }
    if (used % 2 != 0) {
      throw new IOException("a range without an end");
    }
    return used == 0 ? NONE : new Positions(bounds);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Positions that && Arrays.equals(bounds, that.bounds);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bounds);
  }

  /** Such as {@code 1-20,25}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    forEachRange(
        (first, end) -> {
          text.append(text.length() == 0 ? "" : ",").append(first);
          if (end > first + 1) {
            text.append('-').append(end - 1);
          }
        });
    return text.toString();
  }
}
