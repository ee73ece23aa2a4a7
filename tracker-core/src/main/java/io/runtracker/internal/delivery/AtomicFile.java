// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;

/** Files that are there as a whole or not at all, and for their owner's eyes only. */
final class AtomicFile {

  private static final String UNFINISHED = ".tmp";

  private AtomicFile() {}

  /** Writes the content. */
  interface Content {
    void writeTo(BufferedWriter out) throws IOException;
  }

  /** Writes a file in its directory, in place of one of that name. */
  static void write(Path file, Content content) throws IOException {
    Path unfinished = file.resolveSibling(file.getFileName() + UNFINISHED);
    Files.deleteIfExists(unfinished);
    Files.createFile(unfinished, ownerOnly("rw-------"));
    try (BufferedWriter out = Files.newBufferedWriter(unfinished, UTF_8)) {
      content.writeTo(out);
    }
    Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
  }

  static void createDirectory(Path directory) throws IOException {
    Files.createDirectories(directory, ownerOnly("rwx------"));
  }

  private static FileAttribute<?>[] ownerOnly(String permissions) {
    return FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        }
        : new FileAttribute<?>[0];
  }
}
