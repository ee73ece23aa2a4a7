// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Encodes a commit and writes it, in one write unless it is larger than the buffer. */
final class GroupBuffer {

  private final ByteBuffer buffer;
  private final CRC32C crc = new CRC32C();
  private final ByteBuffer checked = ByteBuffer.allocate(Format.CHECKED);

  private FileSystem.@Nullable File file;
  private int mark;
  private long position;

  GroupBuffer(int capacity) {
    buffer = ByteBuffer.allocateDirect(capacity);
  }

  void begin(FileSystem.File target, int itsMark, long at) {
    buffer.clear();
    file = target;
    mark = itsMark;
    position = at;
  }

  /** Where in the file the next record begins. */
  long at() {
    return position + buffer.position();
  }

  /** Writes what is left and returns where the commit ends. */
  long end() throws IOException {
    flush();
    return position;
  }

  void raw(byte[] bytes, int offset, int length) throws IOException {
    for (int done = 0; done < length; ) {
      if (!buffer.hasRemaining()) {
        flush();
      }
      int n = Math.min(length - done, buffer.remaining());
      buffer.put(bytes, offset + done, n);
      done += n;
    }
  }

  void record(byte kind, long sequence, byte[] payload) throws IOException {
    record(kind, sequence, payload, 0, payload.length);
  }

  void record(byte kind, long sequence, byte[] array, int offset, int length) throws IOException {
    checked.putInt(0, mark).put(4, kind).putInt(8, length).putLong(12, sequence);
    crc.reset();
    crc.update(checked.array());
    int headCheck = (int) crc.getValue();
    crc.update(array, offset, length);
    if (buffer.remaining() < Format.RECORD_HEADER) {
      flush();
    }
    // Not as an array: for so few bytes that takes twice as long.
    buffer.putLong(checked.getLong(0)).putLong(checked.getLong(8)).putInt(checked.getInt(16));
    buffer.putInt(headCheck).putInt((int) crc.getValue());
    raw(array, offset, length);
  }

  private void flush() throws IOException {
    int n = buffer.position();
    Objects.requireNonNull(file).write(buffer.flip(), position);
    position += n;
    buffer.clear();
  }
}
