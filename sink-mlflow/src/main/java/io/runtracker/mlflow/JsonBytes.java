// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runtracker.internal.log.Fields;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * JSON in UTF-8, in an array that grows and is used again: a row of thousands allocates nothing.
 *
 * <p>Not safe for use by several threads.
 */
final class JsonBytes {

  private static final byte[] REPLACEMENT = "\uFFFD".getBytes(UTF_8);
  private static final byte[] HEX = ascii("0123456789abcdef");
  private static final int LONGEST_NUMBER = 20;

  /** 00 to 99, because a division costs more than a look. */
  private static final byte[] PAIRS = pairs();

  private static final VarHandle EIGHT =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final long ONES = 0x0101010101010101L;
  private static final long HIGH_BITS = ONES << 7;

  /** What is larger is given back, because the next row is small again. */
  private static final int MOST_KEPT = 256 << 10;

  private byte[] bytes = new byte[1 << 10];
  private int size;

  static byte[] ascii(String text) {
    return text.getBytes(UTF_8);
  }

  /** Begins anew. */
  void clear() {
    size = 0;
    if (bytes.length > MOST_KEPT) {
      bytes = new byte[1 << 10];
    }
  }

  byte[] array() {
    return bytes;
  }

  int size() {
    return size;
  }

  private void reserve(int more) {
    if (bytes.length - size < more) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, Math.addExact(size, more)));
    }
  }

  JsonBytes add(char ascii) {
    reserve(1);
    bytes[size++] = (byte) ascii;
    return this;
  }

  /** Adds JSON as it is. */
  JsonBytes add(byte[] json) {
    return add(json, 0, json.length);
  }

  JsonBytes add(byte[] json, int start, int length) {
    reserve(length);
    System.arraycopy(json, start, bytes, size, length);
    size += length;
    return this;
  }

  JsonBytes number(long value) {
    if (value < 0) {
      return add(ascii(Long.toString(value)));
    }
    int digits = 1;
    for (long power = 10; digits < LONGEST_NUMBER - 1 && value >= power; power *= 10) {
      digits++;
    }
    return digits(value, digits);
  }

  /** Adds a number that is not negative with so many digits, zeros before it. */
  JsonBytes digits(long value, int digits) {
    reserve(LONGEST_NUMBER);
    int at = size + digits;
    long rest = value;
    while (rest > Integer.MAX_VALUE) {
      at -= 2;
      pair(at, (int) (rest % 100));
      rest /= 100;
    }
    int few = (int) rest;
    while (at - size >= 2) {
      at -= 2;
      pair(at, few % 100);
      few /= 100;
    }
    if (at > size) {
      bytes[size] = (byte) ('0' + few);
    }
    size += digits;
    return this;
  }

  private void pair(int at, int number) {
    bytes[at] = PAIRS[2 * number];
    bytes[at + 1] = PAIRS[2 * number + 1];
  }

  private static byte[] pairs() {
    byte[] pairs = new byte[200];
    for (int i = 0; i < 100; i++) {
      pairs[2 * i] = (byte) ('0' + i / 10);
      pairs[2 * i + 1] = (byte) ('0' + i % 10);
    }
    return pairs;
  }

  /** Adds a text as a string. */
  JsonBytes string(byte[] text, int start, int length) {
    return add('"').escaped(text, start, length).add('"');
  }

  /**
   * Adds a text as a string, cut where it is too long, which is as rare as it is slow.
   *
   * @param limit in UTF-16 units
   */
  JsonBytes string(byte[] text, int start, int length, int limit) {
    return Utf8.isLonger(text, start, length, limit)
        ? string(new String(text, start, length, UTF_8), limit)
        : string(text, start, length);
  }

  JsonBytes string(String text, int limit) {
    byte[] fit = Fields.utf8(Text.fit(text, limit));
    return string(fit, 0, fit.length);
  }

  /**
   * Adds a text as a part of a string. NUL, and what is no UTF-8, becomes U+FFFD. No character is
   * left as it is that anybody may take for the end of a line.
   */
  JsonBytes escaped(byte[] text, int start, int length) {
    int end = start + length;
    int copied = start;
    for (int at = start; at < end; ) {
      int eight = Math.min(at, end - Long.BYTES); // what is left may be fewer
      if (eight >= start && arePlain((long) EIGHT.get(text, eight))) {
        at = eight + Long.BYTES;
        continue;
      }
      byte next = text[at];
      if (next >= ' ' && next != '"' && next != '\\') {
        at++;
        continue;
      }
      int sequence = Utf8.sequence(text, at, end);
      if (sequence > 1 && !isEndOfLine(text, at, sequence)) {
        at += sequence;
        continue;
      }
      add(text, copied, at - copied);
      escape(text, at, sequence);
      at += Math.max(1, sequence);
      copied = at;
    }
    return add(text, copied, end - copied);
  }

  /**
   * Whether eight bytes are ASCII of which none is to be escaped. A byte less a larger one borrows,
   * which sets its high bit; those above it may be wrong then, but only then.
   */
  private static boolean arePlain(long eight) {
    long quotes = eight ^ '"' * ONES;
    long backslashes = eight ^ '\\' * ONES;
    long found = eight | (eight - ' ' * ONES) | (quotes - ONES) | (backslashes - ONES);
    return (found & HIGH_BITS) == 0;
  }

  /** U+0085, U+2028 and U+2029. */
  private static boolean isEndOfLine(byte[] text, int at, int sequence) {
    return sequence == 2
        ? text[at] == (byte) 0xC2 && text[at + 1] == (byte) 0x85
        : sequence == 3
            && text[at] == (byte) 0xE2
            && text[at + 1] == (byte) 0x80
            && (text[at + 2] & 0xFE) == 0xA8;
  }

  private void escape(byte[] text, int at, int sequence) {
    switch (sequence) {
      case 0 -> add(REPLACEMENT);
      case 1 -> escape(text[at]);
      case 2 -> unicode(0x85);
      default -> unicode(0x2000 | (text[at + 2] & 0x3F));
    }
  }

  private void escape(byte ascii) {
    switch (ascii) {
      case 0 -> add(REPLACEMENT);
      case '"', '\\' -> add('\\').add((char) ascii);
      case '\n' -> add('\\').add('n');
      case '\r' -> add('\\').add('r');
      case '\t' -> add('\\').add('t');
      default -> unicode(ascii);
    }
  }

  private void unicode(int character) {
    add('\\').add('u');
    for (int shift = 12; shift >= 0; shift -= 4) {
      add((char) HEX[character >> shift & 0xF]);
    }
  }
}
