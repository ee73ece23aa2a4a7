// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** The real disk. */
final class NioFileSystem implements FileSystem {
  @Override
  public void createDirectory(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(directory, ownerOnly(directory, "rwx------"));
      Path parent = directory.toAbsolutePath().getParent();
      if (parent != null) {
        syncDirectory(parent);
      }
    }
  }

  @Override
  public List<Path> list(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(NioFileSystem::isFile).sorted().toList();
    }
  }

  /** Not what a link leads to: that is another file, which nobody means when it is cut. */
  private static boolean isFile(Path path) {
    return Files.isRegularFile(path, NOFOLLOW_LINKS);
  }

  @Override
  public File create(Path path) throws IOException {
    Set<OpenOption> options =
        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
    return new NioFile(path, true, FileChannel.open(path, options, ownerOnly(path, "rw-------")));
  }

  @Override
  public File open(Path path, boolean writable) throws IOException {
    return new NioFile(path, writable, NioFile.channel(path, writable));
  }

  @Override
  public void delete(Path path) throws IOException {
    Files.deleteIfExists(path);
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    if (!posix(directory)) {
      return; // Windows neither can nor need open a directory
    }
    try (File opened = open(directory, false)) {
      opened.force();
    }
  }

  static boolean posix(Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("posix");
  }

  static FileAttribute<?>[] ownerOnly(Path path, String permissions) {
    return posix(path)
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        }
        : new FileAttribute<?>[0];
  }

  /**
   * A channel closes itself when its thread is interrupted in a call, and a delivery thread is
   * interrupted at shutdown; so a call that met that is repeated on a new channel (every call names
   * its position), and the thread stays interrupted.
   */
  private static final class NioFile implements File {
    private final Path path;
    private final boolean writable;
    private FileChannel channel;

    NioFile(Path path, boolean writable, FileChannel channel) {
      this.path = path;
      this.writable = writable;
      this.channel = channel;
    }

    static FileChannel channel(Path path, boolean writable) throws IOException {
      return writable
          ? FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)
          : FileChannel.open(path, StandardOpenOption.READ);
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
      int start = target.position();
      return (int) call(() -> channel.read(target.position(start), position));
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
      int start = source.position();
      call(
          () -> {
            source.position(start);
            long at = position;
            while (source.hasRemaining()) {
              at += channel.write(source, at);
            }
            return at;
          });
    }

    @Override
    public void force() throws IOException {
      call(
          () -> {
            channel.force(false);
            return 0;
          });
    }

    @Override
    public void truncate(long size) throws IOException {
      call(() -> channel.truncate(size).size());
    }

    @Override
    public long size() throws IOException {
      return call(() -> channel.size());
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }

    private long call(Call call) throws IOException {
      boolean interrupted = Thread.interrupted();
      try {
        while (true) {
          try {
            if (!channel.isOpen()) {
              channel = channel(path, writable);
            }
            return call.run();
          } catch (ClosedByInterruptException e) {
            interrupted |= Thread.interrupted();
          } catch (ClosedChannelException e) {
            // closed by an interrupt between two calls: open it again
          }
        }
      } finally {
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }

    private interface Call {
      long run() throws IOException;
    }
  }
}
