// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Small files beside the spool: there as a whole or not at all, and for their owner's eyes only.
 */
final class WholeFile {

  private static final String UNFINISHED = ".tmp";

  private WholeFile() {}

  /**
   * Writes a file, in place of one of that name. Its directory is made where it is missing.
   *
   * @param synced whether it must survive a loss of power
   */
  static void write(Path file, String text, boolean synced) throws IOException {
    Path directory = directory(file);
    createDirectory(directory);
    Path unfinished = directory.resolve(file.getFileName() + UNFINISHED);
    Files.deleteIfExists(unfinished);
    Files.createFile(unfinished, ownerOnly("rw-------"));
    Files.writeString(unfinished, text);
    if (synced) {
      sync(unfinished);
    }
    rename(unfinished, file, synced);
  }

  static void createDirectory(Path directory) throws IOException {
    Files.createDirectories(directory, ownerOnly("rwx------"));
  }

  /** Gives a file another name within its directory, in one step. */
  static void rename(Path from, Path to, boolean synced) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    if (synced) {
      sync(directory(to));
    }
  }

  private static Path directory(Path file) throws IOException {
    Path parent = file.getParent();
    if (parent == null) {
      throw new IOException(file + " is in no directory");
    }
    return parent;
  }

  private static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static FileAttribute<?>[] ownerOnly(String permissions) {
    return FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        }
        : new FileAttribute<?>[0];
  }
}
