// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** The real disk until it is told to fail. */
final class FailingFileSystem implements FileSystem {
  enum Call {
    CREATE,
    OPEN,
    WRITE,
    FORCE,
    TRUNCATE,
    DELETE,
    SYNC_DIRECTORY,
    READ
  }

  private final FileSystem real = new NioFileSystem();
  final Set<Call> failing = EnumSet.noneOf(Call.class);

  /** How many reads succeed before one fails; none fails while this is negative. */
  int failingRead = -1;

  /** Whether writing succeeds again once a segment was emptied. */
  boolean roomOnceEmptied;

  /** What a failing write still writes before it fails. */
  int room;

  private void check(Call call) throws IOException {
    if (failing.contains(call)) {
      throw new IOException(call + " fails");
    }
  }

  @Override
  public void createDirectory(Path directory) throws IOException {
    real.createDirectory(directory);
  }

  @Override
  public List<Path> list(Path directory) throws IOException {
    return real.list(directory);
  }

  @Override
  public File create(Path path) throws IOException {
    check(Call.CREATE);
    return new FailingFile(real.create(path));
  }

  @Override
  public File open(Path path, boolean writable) throws IOException {
    if (path.toString().endsWith(SegmentName.SUFFIX)) {
      check(Call.OPEN);
    }
    return new FailingFile(real.open(path, writable));
  }

  @Override
  public void delete(Path path) throws IOException {
    check(Call.DELETE);
    real.delete(path);
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    check(Call.SYNC_DIRECTORY);
  }

  private final class FailingFile implements File {
    private final File file;

    FailingFile(File file) {
      this.file = file;
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
      if (failingRead-- == 0) {
        throw new IOException("this read fails");
      }
      check(Call.READ);
      return file.read(target, position);
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
      if (failing.contains(Call.WRITE)) {
        source.limit(source.position() + Math.min(room, source.remaining()));
      }
      file.write(source, position);
      check(Call.WRITE);
    }

    @Override
    public void force() throws IOException {
      check(Call.FORCE);
    }

    @Override
    public void truncate(long size) throws IOException {
      check(Call.TRUNCATE);
      file.truncate(size);
      if (size <= Format.SEGMENT_HEADER && roomOnceEmptied) {
        failing.remove(Call.WRITE);
      }
    }

    @Override
    public long size() throws IOException {
      return file.size();
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
