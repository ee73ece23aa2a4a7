// SPDX-License-Identifier: Apache-2.0
package io.runtracker.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The spools below a directory. Looks only: what is no spool stays as it is. */
final class SpoolParts {

  private static final String LOCK = "spool.lock";
  private static final String SEGMENT = ".seg";
  private static final String PART = "instance-";

  private SpoolParts() {}

  /**
   * The directory itself, or the parts of one that several processes share.
   *
   * @throws IOException when there is neither
   */
  static List<Path> of(Path directory) throws IOException {
    if (isSpool(directory)) {
      return List.of(directory);
    }
    List<Path> parts =
        list(directory).stream()
            .filter(SpoolParts::isNamedAsPart)
            .filter(SpoolParts::isSpool)
            .toList();
    if (parts.isEmpty()) {
      throw new IOException("There is no spool in " + directory);
    }
    return parts;
  }

  private static boolean isNamedAsPart(Path file) {
    return file.getFileName().toString().startsWith(PART);
  }

  private static boolean isSpool(Path directory) {
    return list(directory).stream()
        .map(file -> file.getFileName().toString())
        .anyMatch(name -> name.equals(LOCK) || name.endsWith(SEGMENT));
  }

  private static List<Path> list(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files.sorted().toList();
    } catch (IOException notADirectory) {
      return List.of();
    }
  }
}
