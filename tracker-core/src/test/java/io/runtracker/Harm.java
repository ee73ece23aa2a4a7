// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/** What may happen to a file of a spool. */
enum Harm {
  EMPTY,
  ZEROS,
  CUT,
  FLIP,
  GARBAGE,
  DIRECTORY,
  PIPE,
  LINK,
  OLD_VERSION,
  GONE;

  /** The files of a spool that have something in them to be harmed. */
  static List<Path> victims(Path spool) throws IOException {
    try (Stream<Path> all = Files.walk(spool)) {
      return all.filter(Files::isRegularFile)
          .filter(file -> file.toFile().length() > 0)
          .sorted()
          .toList();
    }
  }

  void strike(Path file, Random random) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    Files.delete(file);
    switch (this) {
      case EMPTY -> Files.createFile(file);
      case ZEROS -> Files.write(file, new byte[bytes.length]);
      case CUT -> Files.write(file, Arrays.copyOf(bytes, random.nextInt(bytes.length)));
      case FLIP -> {
        for (int i = 0; i < 5; i++) {
          bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        }
        Files.write(file, bytes);
      }
      case GARBAGE -> {
        random.nextBytes(bytes);
        Files.write(file, bytes);
      }
      case DIRECTORY -> Files.createDirectory(file);
      case PIPE -> new ProcessBuilder("mkfifo", file.toString()).start().onExit().join();
      case LINK -> Files.createSymbolicLink(file, Path.of("/dev/null"));
      case OLD_VERSION -> Files.write(file, withVersion(bytes));
      default -> {} // gone
    }
  }

  private static byte[] withVersion(byte[] segment) {
    ByteBuffer header = ByteBuffer.wrap(segment);
    if (segment.length >= 64) {
      header.putInt(8, 1);
      CRC32C check = new CRC32C();
      check.update(segment, 0, 60);
      header.putInt(60, (int) check.getValue());
    }
    return segment;
  }
}
