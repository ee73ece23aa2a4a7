// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spool;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Encodes a group and writes it, in one write unless it is larger than the buffer. */
final class GroupBuffer {
  private static final int RANGES_PER_RECORD = 4096;

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

  /** Writes what is left and returns where the group ends. */
  long end() throws IOException {
    flush();
    return position;
  }

  void raw(byte[] bytes, int length) throws IOException {
    for (int done = 0; done < length; ) {
      if (!buffer.hasRemaining()) {
        flush();
      }
      int n = Math.min(length - done, buffer.remaining());
      buffer.put(bytes, done, n);
      done += n;
    }
  }

  void record(byte kind, long sequence, byte[] payload) throws IOException {
    checked.putInt(0, mark).put(4, kind).putInt(8, payload.length).putLong(12, sequence);
    crc.reset();
    crc.update(checked.array());
    int headCheck = (int) crc.getValue();
    crc.update(payload);
    if (buffer.remaining() < Format.RECORD_HEADER) {
      flush();
    }
    // Not as an array: for so few bytes that takes twice as long.
    buffer.putLong(checked.getLong(0)).putLong(checked.getLong(8)).putInt(checked.getInt(16));
    buffer.putInt(headCheck).putInt((int) crc.getValue());
    raw(payload, payload.length);
  }

  void controls(PendingControls.Batch batch) throws IOException {
    for (Map.Entry<Long, String> created : batch.created().entrySet()) {
      byte[] runId = created.getValue().getBytes(StandardCharsets.UTF_8);
      record(Format.CREATED, created.getKey(), runId);
    }
    List<long[]> done = batch.done();
    for (int from = 0; from < done.size(); from += RANGES_PER_RECORD) {
      int to = Math.min(done.size(), from + RANGES_PER_RECORD);
      ByteBuffer ranges = ByteBuffer.allocate((to - from) * Format.RANGE);
      done.subList(from, to).forEach(r -> ranges.putLong(r[0]).putInt((int) r[1]));
      record(Format.DONE, 0, ranges.array());
    }
    byte[] ledger = batch.ledger();
    if (ledger != null) {
      record(Format.LEDGER, 0, ledger);
    }
  }

  /** Bytes that the control records of a batch take at most. */
  static long size(PendingControls.Batch batch) {
    long size = 0;
    for (String runId : batch.created().values()) {
      size += Format.RECORD_HEADER + 3L * runId.length();
    }
    int done = batch.done().size();
    size += (long) done * Format.RANGE;
    size += (long) Format.RECORD_HEADER * ((done + RANGES_PER_RECORD - 1) / RANGES_PER_RECORD);
    byte[] ledger = batch.ledger();
    return ledger == null ? size : size + Format.RECORD_HEADER + ledger.length;
  }

  private void flush() throws IOException {
    int n = buffer.position();
    Objects.requireNonNull(file).write(buffer.flip(), position);
    position += n;
    buffer.clear();
  }
}
