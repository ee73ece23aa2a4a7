// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Fields with tags, one after another: a tag and a length as varints, and so many bytes. A reader
 * skips a tag that it does not know, so a later version may add some. Everything in a spool is
 * written in this form; docs/spool-format.md has the tags.
 *
 * <p>Not safe for use by several threads.
 */
public final class Fields {

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  /** Texts of up to so many characters are copied one by one as long as they are ASCII. */
  private static final int SHORT_TEXT = 256;

  private byte[] bytes;
  private int size;

  /** Room for so many bytes; it grows where that is not enough. */
  public Fields(int capacity) {
    this.bytes = new byte[capacity];
  }

  /** How many bytes were written. */
  public int size() {
    return size;
  }

  /** Takes back what was written beyond this size. */
  public void cutTo(int earlierSize) {
    size = earlierSize;
  }

  byte[] array() {
    return bytes;
  }

  /** A copy of what was written. */
  public byte[] toBytes() {
    return Arrays.copyOf(bytes, size);
  }

  private void reserve(int more) {
    if (bytes.length - size < more) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, size + more));
    }
  }

  /** A number of 8, 16, 32 or 64 bits, the highest byte first. */
  public Fields number(long value, int bits) {
    reserve(Long.BYTES);
    if (bits == Long.SIZE) {
      LONGS.set(bytes, size, value);
      size += Long.BYTES;
      return this;
    }
    for (int shift = bits - 8; shift >= 0; shift -= 8) {
      bytes[size++] = (byte) (value >>> shift);
    }
    return this;
  }

  /** A number that is not negative, seven bits a byte, the lowest first. */
  public Fields varint(long value) {
    reserve(10);
    long left = value;
    while ((left & ~0x7FL) != 0) {
      bytes[size++] = (byte) (left | 0x80);
      left >>>= 7;
    }
    bytes[size++] = (byte) left;
    return this;
  }

  /** Bytes with nothing around them. */
  public Fields raw(byte[] source, int offset, int length) {
    reserve(length);
    System.arraycopy(source, offset, bytes, size, length);
    size += length;
    return this;
  }

  /** A field. */
  public Fields field(int tag, byte[] value) {
    return varint(tag).varint(value.length).raw(value, 0, value.length);
  }

  /** A field with a text. */
  public Fields field(int tag, String value) {
    int before = size;
    if (value.length() <= SHORT_TEXT && varint(tag).varint(value.length()).isAscii(value)) {
      return this;
    }
    size = before;
    return field(tag, utf8(value));
  }

  /** Adds a text, unless there is anything but ASCII in it. */
  private boolean isAscii(String text) {
    int length = text.length();
    reserve(length);
    for (int i = 0; i < length; i++) {
      char next = text.charAt(i);
      if (next >= 0x80) {
        return false;
      }
      bytes[size + i] = (byte) next;
    }
    size += length;
    return true;
  }

  /** A field with a number of 64 bits. */
  public Fields field(int tag, long value) {
    return varint(tag).varint(Long.BYTES).number(value, Long.SIZE);
  }

  /** A field with a key and a value. */
  public Fields field(int tag, String key, String value) {
    byte[] name = utf8(key);
    byte[] content = utf8(value);
    int length = name.length + content.length;
    varint(tag).varint(length + varintSize(name.length)).varint(name.length);
    return raw(name, 0, name.length).raw(content, 0, content.length);
  }

  private static int varintSize(int value) {
    return (38 - Integer.numberOfLeadingZeros(value | 1)) / 7;
  }

  /** The text in UTF-8; half of a surrogate pair, which has no place there, becomes U+FFFD. */
  public static byte[] utf8(String text) {
    byte[] encoded = text.getBytes(UTF_8);
    return isFaithful(text, encoded) ? encoded : wellFormed(text).getBytes(UTF_8);
  }

  /** Where all is ASCII, a question mark that was none gives away what could not be encoded. */
  private static boolean isFaithful(String text, byte[] encoded) {
    if (encoded.length != text.length()) {
      return text.codePoints().noneMatch(Fields::isLoneSurrogate);
    }
    for (int i = 0; i < encoded.length; i++) {
      if (encoded[i] == '?' && text.charAt(i) != '?') {
        return false;
      }
    }
    return true;
  }

  private static String wellFormed(String text) {
    StringBuilder well = new StringBuilder(text.length());
    text.codePoints().forEach(c -> well.appendCodePoint(isLoneSurrogate(c) ? 0xFFFD : c));
    return well.toString();
  }

  private static boolean isLoneSurrogate(int codePoint) {
    return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
  }

  /** Reads fields, and believes no length that the bytes do not bear out. */
  public static final class Reader {
    private byte[] bytes;
    private int at;
    private int end;
    private int tag;
    private int start;

    /** Reads all of an array, which must not change meanwhile. */
    public Reader(byte[] bytes) {
      this(bytes, 0, bytes.length);
    }

    /** Reads a part of an array, which must not change meanwhile. */
    public Reader(byte[] bytes, int offset, int length) {
      this.bytes = bytes;
      this.at = offset;
      this.end = offset + length;
    }

    /** Reads a part of another array, as a new reader would. */
    public void restart(byte[] otherBytes, int offset, int length) {
      bytes = otherBytes;
      at = offset;
      end = offset + length;
    }

    /** Whether anything is left. */
    public boolean hasMore() {
      return at < end;
    }

    /** Where in the array the next byte is. */
    public int offset() {
      return at;
    }

    /**
     * Goes to the next field; false when there is none.
     *
     * @throws IOException when what is there is none
     */
    public boolean next() throws IOException {
      if (at >= end) {
        return false;
      }
      long number = varint();
      tag = number == (int) number ? (int) number : -1; // so large a one nobody knows
      long length = varint();
      if (length < 0 || length > end - at) {
        throw new IOException("a field of " + length + " bytes, where " + (end - at) + " are left");
      }
      start = at;
      at += (int) length;
      return true;
    }

    /** The field's tag. */
    public int tag() {
      return tag;
    }

    /** Where in the array its value begins. */
    public int start() {
      return start;
    }

    /** The length of its value in bytes. */
    public int length() {
      return at - start;
    }

    /** Its value. */
    public byte[] bytesValue() {
      return Arrays.copyOfRange(bytes, start, at);
    }

    /** Its value as a text. */
    public String text() {
      return new String(bytes, start, length(), UTF_8);
    }

    /** Its value as a number of 64 bits. */
    public long number() throws IOException {
      if (length() != Long.BYTES) {
        throw new IOException("a number of " + length() + " bytes");
      }
      return number(bytes, start, Long.SIZE);
    }

    /** The key and the value within the field, for {@link Fields#field(int, String, String)}. */
    public Reader keyAndValue() throws IOException {
      Reader inner = new Reader(bytes, start, length());
      inner.splitKey();
      return inner;
    }

    private void splitKey() throws IOException {
      long length = varint();
      if (length < 0 || length > end - at) {
        throw new IOException("a key of " + length + " bytes, where " + (end - at) + " are left");
      }
      start = at;
      at += (int) length;
    }

    /** Of {@link #keyAndValue}: what is behind the key. */
    public String rest() {
      return new String(bytes, at, end - at, UTF_8);
    }

    /** Of {@link #keyAndValue}: how many bytes are behind the key, from {@link #offset} on. */
    public int restLength() {
      return end - at;
    }

    long varint() throws IOException {
      long value = 0;
      for (int shift = 0; shift < Long.SIZE; shift += 7) {
        if (at >= end) {
          break;
        }
        byte next = bytes[at++];
        value |= (next & 0x7FL) << shift;
        if (next >= 0) {
          return value;
        }
      }
      throw new IOException("a number without an end");
    }

    /** A number of so many bits, the highest byte first. */
    public static long number(byte[] bytes, int offset, int bits) {
      if (bits == Long.SIZE) {
        return (long) LONGS.get(bytes, offset);
      }
      long value = 0;
      for (int i = 0; i < bits / 8; i++) {
        value = (value << 8) | (bytes[offset + i] & 0xFF);
      }
      return value;
    }
  }
}
