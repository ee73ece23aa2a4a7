// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** Keeps skipped bytes aside for a person to look at, within a bound; never in the way. */
final class DamagedArea {
  static final String DIRECTORY = "damaged";
  static final long BOUND = 16L << 20;

  private final FileSystem files;
  private final Path directory;
  private long used = -1;

  DamagedArea(FileSystem files, Path spool) {
    this.files = files;
    this.directory = spool.resolve(DIRECTORY);
  }

  /** Copies bytes of a segment, unless an earlier opening has; as many as still fit. */
  synchronized void keep(SegmentName name, FileSystem.File file, long from, long to) {
    Path copy = directory.resolve(name.file() + "." + from + "-" + to + ".bin");
    try {
      if (used < 0) {
        used = size();
      }
      long size = Math.min(to - from, BOUND - used);
      if (size > 0 && !Files.exists(copy)) {
        files.createDirectory(directory);
        used += size;
        try (FileSystem.File target = files.create(copy)) {
          copy(file, from, size, target);
        }
      }
    } catch (IOException e) {
      // counted and reported all the same
    }
  }

  /** Moves a file here that has no place in the spool; where that fails, it stays. */
  synchronized void putAway(Path file) {
    try {
      files.createDirectory(directory);
      Files.move(file, directory.resolve(file.getFileName() + ".foreign"), REPLACE_EXISTING);
    } catch (IOException e) {
      // it is found again next time
    }
  }

  private static void copy(FileSystem.File file, long from, long size, FileSystem.File target)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect((int) Math.min(size, 64 << 10));
    for (long done = 0; done < size; done += buffer.limit()) {
      buffer.clear().limit((int) Math.min(buffer.capacity(), size - done));
      if (file.read(buffer, from + done) <= 0) {
        return;
      }
      target.write(buffer.flip(), done);
    }
  }

  private long size() throws IOException {
    long size = 0;
    for (Path file : files.list(directory)) {
      size += Files.size(file);
    }
    return size;
  }
}
