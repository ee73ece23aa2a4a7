// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.spool;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * The least that a log can do: length, checksum and sequence before each event, one write a group,
 * one file, nothing else. What the spool is held against.
 */
final class BareLog implements AutoCloseable {

  private static final int HEADER = Integer.BYTES + Integer.BYTES + Long.BYTES;

  private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
  private final CRC32C crc = new CRC32C();
  private final FileChannel file;
  private long sequence;

  BareLog(Path path) throws IOException {
    this.file = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  void append(List<byte[]> group) throws IOException {
    buffer.clear();
    for (byte[] payload : group) {
      if (buffer.remaining() < HEADER + payload.length) {
        write();
      }
      crc.reset();
      crc.update(payload);
      buffer.putInt(payload.length).putInt((int) crc.getValue()).putLong(sequence++).put(payload);
    }
    write();
  }

  private void write() throws IOException {
    buffer.flip();
    while (buffer.hasRemaining()) {
      file.write(buffer);
    }
    buffer.clear();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
