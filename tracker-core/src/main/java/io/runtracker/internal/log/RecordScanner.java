// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** Walks the records of one segment, over whatever damage there is; for one thread. */
final class RecordScanner implements Closeable {
  /** Told of bytes that are no valid records. */
  interface Damage {
    void skipped(long from, long to);
  }

  private final FileSystem.File file;
  private final SegmentName name;
  private final Damage damage;
  private final CRC32C crc = new CRC32C();
  private final ByteBuffer window;
  private final boolean lenient;
  private long windowStart;
  private long position = Format.SEGMENT_HEADER;
  private long expected;
  private long bound = Long.MAX_VALUE;
  private byte kind;
  private long sequence;
  private long start;
  private int length;

  /**
   * @param window a buffer that this scanner has for itself
   * @param lenient whether a page that cannot be read is damage rather than an exception
   */
  RecordScanner(
      FileSystem.File file, SegmentName name, ByteBuffer window, boolean lenient, Damage damage) {
    this.file = file;
    this.name = name;
    this.window = window.clear().limit(0);
    this.lenient = lenient;
    this.damage = damage;
    this.expected = name.base();
  }

  byte kind() {
    return kind;
  }

  long sequence() {
    return sequence;
  }

  int length() {
    return length;
  }

  /** Events from this sequence on belong to the next segment: here a failed commit left them. */
  void bound(long sequenceOfNext) {
    bound = sequenceOfNext;
  }

  /** Where the record begins. */
  long start() {
    return start;
  }

  void seek(long to) {
    position = to;
    expected = name.base();
  }

  /** Goes to the next valid record that ends within {@code limit}. */
  boolean next(long limit) throws IOException {
    long bad = -1;
    while (position < limit) {
      long at = position;
      long whole = check(at, limit);
      if (whole > 0) {
        skipped(bad, at);
        start = at;
        position = at + whole;
        if (kind == Format.EVENT) {
          expected = sequence + 1;
        }
        return true;
      }
      bad = bad < 0 ? at : bad;
      position = whole < 0 ? at - whole : findMark(at + 1, limit);
    }
    skipped(bad, position);
    return false;
  }

  private void skipped(long from, long to) {
    if (from >= 0) {
      damage.skipped(from, to);
    }
  }

  /**
   * Returns the size of the valid record at a position, its size negated when its header holds but
   * the rest does not, 0 when there is none. The length has a check of its own, so a scan believes
   * no length that was not written.
   */
  private long check(long at, long limit) throws IOException {
    if (limit - at < Format.RECORD_HEADER) {
      return 0;
    }
    int i = load(at, Format.RECORD_HEADER, limit);
    if (window.getInt(i) != name.mark()) {
      return 0;
    }
    crc.reset();
    update(i, Format.CHECKED);
    if (window.getInt(i + Format.CHECKED) != (int) crc.getValue()) {
      return 0;
    }
    kind = window.get(i + 4);
    length = window.getInt(i + 8);
    sequence = window.getLong(i + 12);
    int check = window.getInt(i + 24);
    if (length < 0 || length > limit - at - Format.RECORD_HEADER) {
      return 0;
    }
    long whole = Format.RECORD_HEADER + (long) length;
    return payloadHolds(at + Format.RECORD_HEADER, limit, check) && plausible(at) ? whole : -whole;
  }

  private boolean payloadHolds(long from, long limit, int check) throws IOException {
    for (long at = from; at < from + length; ) {
      int n = (int) Math.min(from + length - at, window.capacity());
      update(load(at, n, limit), n);
      at += n;
    }
    return check == (int) crc.getValue();
  }

  /** Events ascend, and those missing before one have stood in the bytes before it. */
  private boolean plausible(long at) {
    return kind != Format.EVENT
        || (sequence >= expected && sequence < bound && Format.isPlausible(sequence, name, at));
  }

  private void update(int index, int n) {
    int limit = window.limit();
    crc.update(window.limit(index + n).position(index));
    window.limit(limit);
  }

  /** The payload of the record that {@link #next} went to, with the same limit. */
  byte[] payload(long limit) throws IOException {
    byte[] bytes = new byte[length];
    for (int done = 0; done < length; ) {
      int n = Math.min(length - done, window.capacity());
      window.get(load(start + Format.RECORD_HEADER + done, n, limit), bytes, done, n);
      done += n;
    }
    return bytes;
  }

  private long findMark(long from, long limit) throws IOException {
    for (long at = from; at + Integer.BYTES <= limit; ) {
      int n = (int) Math.min(limit - at, window.capacity());
      int i = load(at, n, limit);
      for (int k = 0; k + Integer.BYTES <= n; k++) {
        if (window.getInt(i + k) == name.mark()) {
          return at + k;
        }
      }
      at += n - Integer.BYTES + 1;
    }
    return limit;
  }

  /** Brings bytes into the window and returns their index; never reads beyond {@code limit}. */
  private int load(long at, int n, long limit) throws IOException {
    if (at < windowStart || at + n > windowStart + window.limit()) {
      windowStart = at;
      window.clear().limit((int) Math.min(window.capacity(), limit - at));
      try {
        fill(0);
      } catch (IOException e) {
        window.limit(0);
        if (!lenient) {
          throw e;
        }
        window.clear().limit((int) Math.min(window.capacity(), limit - at));
        fillByPages();
      }
    }
    return (int) (at - windowStart);
  }

  /** Fills the window up to its limit; what is behind the end of the file reads as zeros. */
  private void fill(int from) throws IOException {
    window.position(from);
    while (window.hasRemaining()) {
      if (file.read(window, windowStart + window.position()) < 0) {
        zero();
      }
    }
  }

  private void fillByPages() {
    int limit = window.limit();
    for (int page = 0; page < limit; page += 4096) {
      window.limit(Math.min(limit, page + 4096));
      try {
        fill(page);
      } catch (IOException e) {
        window.position(page);
        zero();
      }
    }
    window.limit(limit);
  }

  private void zero() {
    while (window.hasRemaining()) {
      window.put((byte) 0);
    }
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
