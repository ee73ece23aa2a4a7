// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The few things the log asks of a disk; a seam for tests. */
interface FileSystem {
  /** Creates a directory for the owner only, unless it is there. */
  void createDirectory(Path directory) throws IOException;

  /** The regular files of a directory; none when it is not there. */
  List<Path> list(Path directory) throws IOException;

  /** Creates a file for the owner only; fails when it is there. */
  File create(Path path) throws IOException;

  /** Opens a file that is there. */
  File open(Path path, boolean writable) throws IOException;

  void delete(Path path) throws IOException;

  /** Makes creations and deletions in a directory durable. */
  void syncDirectory(Path directory) throws IOException;

  /** For what holds nothing that closing could lose. */
  static void closeQuietly(@Nullable Closeable closeable) {
    try {
      if (closeable != null) {
        closeable.close();
      }
    } catch (IOException e) {
      // nothing is lost by that
    }
  }

  /** One open file; for one thread at a time. */
  interface File extends Closeable {
    /** Reads at a position; returns the number of bytes, -1 behind the end. */
    int read(ByteBuffer target, long position) throws IOException;

    /** Writes all of a buffer at a position. */
    void write(ByteBuffer source, long position) throws IOException;

    void force() throws IOException;

    void truncate(long size) throws IOException;

    long size() throws IOException;
  }
}
