// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spool;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a directory for one log.
 *
 * <p>A {@link FileLock} alone is not enough: on POSIX a process loses its lock when it closes any
 * channel of that file, so a second attempt in this JVM must be refused before it opens the file.
 * The note of that is a system property, because two web applications in one container each have
 * their own copy of this class.
 */
final class DirectoryLock implements Closeable {
  static final String FILE = "spool.lock";
  private static final String NOTE = "io.runtracker.spool.locked:";

  private final String note;
  private final FileChannel channel;

  private DirectoryLock(String note, FileChannel channel) {
    this.note = note;
    this.channel = channel;
  }

  /** Takes the lock of a directory that is there, and closes the directory to others. */
  static DirectoryLock take(Path directory) throws IOException {
    String note = NOTE + directory.toRealPath();
    if (System.getProperties().putIfAbsent(note, "1") != null) {
      throw locked(directory, "another log in this process", null);
    }
    FileChannel channel = null;
    try {
      restrict(directory);
      channel = channel(directory.resolve(FILE));
      if (channel.tryLock() == null) {
        throw locked(directory, "another process", null);
      }
      return new DirectoryLock(note, channel);
    } catch (OverlappingFileLockException e) {
      release(note, channel);
      throw locked(directory, "another log in this process", e);
    } catch (IOException | RuntimeException e) {
      release(note, channel);
      throw e;
    }
  }

  private static FileChannel channel(Path file) throws IOException {
    return FileChannel.open(
        file,
        Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
        NioFileSystem.ownerOnly(file, "rw-------"));
  }

  /** A directory with other things in it is not ours to close to others; its files are. */
  private static void restrict(Path directory) throws IOException {
    if (!NioFileSystem.posix(directory)) {
      return;
    }
    boolean ours = Files.exists(directory.resolve(FILE));
    try (Stream<Path> files = Files.list(directory)) {
      ours |= files.findAny().isEmpty();
    }
    if (ours) {
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
    }
  }

  private static SpoolLockedException locked(Path directory, String by, @Nullable Throwable cause) {
    return new SpoolLockedException(
        "The spool directory "
            + directory.toAbsolutePath()
            + " is in use by "
            + by
            + "; give each its own directory",
        cause);
  }

  private static void release(String note, @Nullable FileChannel channel) throws IOException {
    try {
      if (channel != null) {
        channel.close();
      }
    } finally {
      System.getProperties().remove(note);
    }
  }

  @Override
  public void close() throws IOException {
    release(note, channel);
  }
}
