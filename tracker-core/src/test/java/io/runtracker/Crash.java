// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What a crash leaves behind, without one. */
public final class Crash {

  private Crash() {}

  /** A copy of a spool that is in use, as it would be found if its process ended now. */
  public static Path leaving(Path spool) throws IOException {
    Path copy = Files.createTempDirectory(spool.getParent(), "crashed");
    try (Stream<Path> files = Files.walk(spool)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path target = copy.resolve(spool.relativize(file));
        Files.createDirectories(target.getParent());
        Files.copy(file, target);
      }
    }
    return copy;
  }
}
