// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spool;

import static io.runtracker.spool.Spools.SMALL;
import static io.runtracker.spool.Spools.fill;
import static io.runtracker.spool.Spools.segments;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolDirectoryTest {
  @TempDir Path parent;

  /** Tries to open the directory and prints how that went. */
  static final class Opener {
    public static void main(String[] args) {
      try (SegmentLog log = SegmentLog.open(Path.of(args[0]), SMALL)) {
        System.out.println("opened " + log.stats().live());
      } catch (SpoolException e) {
        System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
      }
    }
  }

  private static String openInAnotherProcess(Path directory) throws IOException {
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Opener.class.getName(),
                directory.toString())
            .redirectErrorStream(true)
            .start();
    return new String(
        child.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
  }

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  @Test
  void aSecondLogInThisProcessIsRefusedByTheNameOfTheDirectory() throws IOException {
    Path directory = parent.resolve("spool");
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      assertThat(log.stats().live()).isZero();
      assertThatThrownBy(() -> SegmentLog.open(directory, SMALL))
          .isInstanceOf(SpoolLockedException.class)
          .hasMessageContaining(directory.toString());
    }
    SegmentLog.open(directory, SMALL).close();
  }

  @Test
  void aSecondProcessIsRefusedEvenAfterASecondLogInThisProcessWas() throws IOException {
    Path directory = parent.resolve("spool");
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      assertThatThrownBy(() -> SegmentLog.open(directory, SMALL))
          .isInstanceOf(SpoolLockedException.class);
      assertThat(openInAnotherProcess(directory))
          .startsWith("SpoolLockedException")
          .contains(directory.toString());
      fill(log, 1, 1);
    }
    assertThat(openInAnotherProcess(directory)).startsWith("opened 1");
  }

  @Test
  void theDirectoryAndItsFilesAreForTheirOwnerOnly() throws IOException {
    Path directory = parent.resolve("a/spool");
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      fill(log, 10, 10);
      assertThat(permissions(directory)).isEqualTo("rwx------");
      for (Path file : List.of(directory.resolve(DirectoryLock.FILE), segments(directory).get(0))) {
        assertThat(permissions(file)).isEqualTo("rw-------");
      }
    }
  }

  @Test
  void anEmptyDirectoryThatIsThereIsClosedToOthers() throws IOException {
    Files.setPosixFilePermissions(parent, PosixFilePermissions.fromString("rwxrwxrwx"));
    SegmentLog.open(parent, SMALL).close();
    assertThat(permissions(parent)).isEqualTo("rwx------");
  }

  @Test
  void aDirectoryWithOtherThingsInItIsLeftAsItIs() throws IOException {
    Files.setPosixFilePermissions(parent, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.createFile(parent.resolve("someone's"));
    SegmentLog.open(parent, SMALL).close();
    assertThat(permissions(parent)).isEqualTo("rwxr-xr-x");
  }

  @Test
  void anUnknownVersionIsRefusedAndNothingIsChanged() throws IOException {
    try (SegmentLog log = SegmentLog.open(parent, SMALL)) {
      fill(log, 1000, 10);
    }
    Path last = segments(parent).get(segments(parent).size() - 1);
    byte[] bytes = Files.readAllBytes(last);
    ByteBuffer.wrap(bytes).putInt(8, 99);
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, 60);
    ByteBuffer.wrap(bytes).putInt(60, (int) crc.getValue());
    bytes = java.util.Arrays.copyOf(bytes, bytes.length - 5);
    Files.write(last, bytes);
    List<Path> before = segments(parent);
    assertThatThrownBy(() -> SegmentLog.open(parent, SMALL))
        .isInstanceOf(SpoolException.class)
        .hasMessageContaining("version 99")
        .hasMessageContaining(last.toString());
    assertThat(segments(parent)).isEqualTo(before);
    assertThat(last).hasBinaryContent(bytes);
  }

  @Test
  void aFileInPlaceOfTheDirectoryIsAClearError() throws IOException {
    Path file = Files.createFile(parent.resolve("file"));
    assertThatThrownBy(() -> SegmentLog.open(file, SMALL))
        .isInstanceOf(SpoolException.class)
        .hasMessageContaining(file.toString());
  }

  @Test
  void filesThatAreNotOursAreLeftAlone() throws IOException {
    Files.writeString(parent.resolve("notes.seg"), "mine");
    Files.writeString(parent.resolve("README"), "mine");
    try (SegmentLog log = SegmentLog.open(parent, SMALL)) {
      fill(log, 3, 3);
    }
    assertThat(parent.resolve("notes.seg")).hasContent("mine");
    assertThat(parent.resolve("README")).hasContent("mine");
  }
}
