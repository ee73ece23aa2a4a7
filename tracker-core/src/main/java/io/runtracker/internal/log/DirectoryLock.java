// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a directory for one log. The file that is locked also says which version the spool is of,
 * and which segments are the oldest and the newest: so that a file is missed that somebody else has
 * removed.
 *
 * <p>A {@link FileLock} alone is not enough: on POSIX a process loses its lock when it closes any
 * channel of that file, so a second attempt in this JVM must be refused before it opens the file.
 * The note of that is a system property, because two web applications in one container each have
 * their own copy of this class.
 */
final class DirectoryLock implements Closeable {
  static final String FILE = "spool.lock";
  private static final String NOTE = "io.runtracker.spool.locked:";
  private static final String VERSION = "runtracker-spool " + Format.VERSION;
  private static final String OLDEST = "oldest ";
  private static final String NEWEST = "newest ";
  private static final String NEXT = "next ";
  private static final String CHECK = "check ";

  /** Always written whole and in place, which needs no room on a disk that is full. */
  private static final int SIZE = 256;

  private final String note;

  /** Not a channel, which an interrupt would close, and the lock would be gone with it. */
  private final RandomAccessFile file;

  private final String found;

  private DirectoryLock(String note, RandomAccessFile file) {
    this.note = note;
    this.file = file;
    this.found = read(file);
  }

  /** Takes the lock of a directory that is there, and closes the directory to others. */
  static DirectoryLock take(Path directory) throws IOException {
    String note = NOTE + directory.toRealPath();
    if (System.getProperties().putIfAbsent(note, "1") != null) {
      throw locked(directory, "another log in this process", null);
    }
    RandomAccessFile file = null;
    try {
      restrict(directory);
      file = open(directory.resolve(FILE));
      if (file.getChannel().tryLock() == null) {
        throw locked(directory, "another process", null);
      }
      return new DirectoryLock(note, file);
    } catch (OverlappingFileLockException e) {
      release(note, file);
      throw locked(directory, "another log in this process", e);
    } catch (IOException | RuntimeException e) {
      release(note, file);
      throw e;
    }
  }

  private static RandomAccessFile open(Path file) throws IOException {
    // To open a pipe would wait for somebody at its other end, and a link leads who knows where.
    if (Files.exists(file, NOFOLLOW_LINKS) && !Files.isRegularFile(file, NOFOLLOW_LINKS)) {
      Files.move(file, file.resolveSibling(FILE + ".foreign-" + System.nanoTime()));
    }
    if (!Files.exists(file)) {
      Files.createFile(file, NioFileSystem.ownerOnly(file, "rw-------"));
    }
    return new RandomAccessFile(file.toFile(), "rw");
  }

  /**
   * A directory with other things in it is not ours to close to others, nor is one of another
   * owner, as a volume of a container is; our files are.
   */
  private static void restrict(Path directory) throws IOException {
    if (!NioFileSystem.posix(directory)) {
      return;
    }
    boolean ours = Files.exists(directory.resolve(FILE));
    try (Stream<Path> files = Files.list(directory)) {
      ours |= files.findAny().isEmpty();
    }
    if (ours) {
      try {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
      } catch (IOException notTheOwner) {
        // whether it can be used is seen when it is
      }
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

  private static String read(RandomAccessFile file) {
    byte[] content = new byte[SIZE];
    try {
      file.seek(0);
      return new String(content, 0, Math.max(0, file.read(content)), UTF_8);
    } catch (IOException unreadable) {
      return "";
    }
  }

  /** Whether the log that was here last was of this version. */
  boolean isOfThisVersion() {
    return found.startsWith(VERSION + '\n');
  }

  /** The oldest segment when the log was last here; null when that is not known. */
  @Nullable SegmentName oldest() {
    return named(OLDEST);
  }

  /** The newest segment when the log was last here; null when that is not known. */
  @Nullable SegmentName newest() {
    return named(NEWEST);
  }

  /** What the next segment was to be called at least: no position below is ever given again. */
  @Nullable SegmentName next() {
    return named(NEXT);
  }

  private @Nullable SegmentName named(String key) {
    return isOfThisVersion() && isIntact(found)
        ? found
            .lines()
            .filter(line -> line.startsWith(key))
            .map(line -> SegmentName.parse(line.substring(key.length())))
            .filter(Objects::nonNull)
            .findFirst()
            .orElse(null)
        : null;
  }

  /** A wrong position is worse than none. */
  private static boolean isIntact(String text) {
    int end = text.indexOf(CHECK);
    return end >= 0 && text.startsWith(check(text.substring(0, end)), end);
  }

  private static String check(String text) {
    CRC32C crc = new CRC32C();
    crc.update(text.getBytes(UTF_8));
    return CHECK + HexFormat.of().toHexDigits((int) crc.getValue()) + '\n';
  }

  /**
   * Notes which segments there are and how the next is called at least. Not knowing it costs a
   * number in a message, and no request.
   */
  synchronized void note(SegmentIndex index, SegmentName next, boolean synced) {
    // Looked at in here, so that the last note is of the last state.
    Segment[] segments = index.all();
    StringBuilder text = new StringBuilder(VERSION).append('\n');
    for (Segment segment : segments) {
      if (!segment.isLeaving) {
        text.append(OLDEST).append(segment.name.file()).append('\n');
        text.append(NEWEST).append(segments[segments.length - 1].name.file()).append('\n');
        break;
      }
    }
    text.append(NEXT).append(next.file()).append('\n');
    text.append(check(text.toString()));
    byte[] content = Arrays.copyOf(text.toString().getBytes(UTF_8), SIZE);
    try {
      file.seek(0);
      file.write(content);
      if (synced) {
        file.getFD().sync();
      }
    } catch (IOException e) {
      // as above
    }
  }

  private static void release(String note, @Nullable RandomAccessFile file) throws IOException {
    try {
      if (file != null) {
        file.close();
      }
    } finally {
      System.getProperties().remove(note);
    }
  }

  @Override
  public void close() throws IOException {
    release(note, file);
  }
}
