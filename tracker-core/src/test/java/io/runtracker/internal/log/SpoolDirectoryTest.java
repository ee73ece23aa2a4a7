// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import static io.runtracker.internal.log.Spools.SMALL;
import static io.runtracker.internal.log.Spools.fill;
import static io.runtracker.internal.log.Spools.segments;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
    return openInAnotherProcess(directory, System.getProperty("java.class.path"), List.of());
  }

  private static String openInAnotherProcess(Path directory, String classPath, List<String> wrapper)
      throws IOException {
    List<String> command = new ArrayList<>(wrapper);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-cp", classPath, Opener.class.getName(), directory.toString()));
    Process child = new ProcessBuilder(command).redirectErrorStream(true).start();
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

  /** As a volume of a container is: it belongs to another user, and everybody may write to it. */
  @Test
  void aDirectoryOfAnotherOwnerIsUsedWhereItCanBeWrittenAndThatAgain() throws IOException {
    List<String> asNobody = List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");
    Path open = Files.createTempDirectory("open");
    try {
      assumeTrue(isPermitted(asNobody), "there is no other user to be here");
      Path classes = copyOfClasses(open.resolve("classes"));
      Path volume = Files.createDirectory(open.resolve("volume"));
      Files.createDirectory(volume.resolve("lost+found"));
      for (Path directory : List.of(open, volume)) {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
      }
      for (int start = 0; start < 2; start++) {
        assertThat(openInAnotherProcess(volume, classes.toString(), asNobody))
            .startsWith("opened 0");
      }
      assertThat(permissions(volume)).isEqualTo("rwxrwxrwx");
      Files.setPosixFilePermissions(volume, PosixFilePermissions.fromString("rwxr-xr-x"));
      Files.delete(volume.resolve(DirectoryLock.FILE));
      assertThat(openInAnotherProcess(volume, classes.toString(), asNobody))
          .startsWith("SpoolException")
          .contains(volume.toString())
          .contains("AccessDenied");
    } finally {
      deleteTree(open);
    }
  }

  private static boolean isPermitted(List<String> wrapper) {
    try {
      List<String> command = new ArrayList<>(wrapper);
      command.add("true");
      return new ProcessBuilder(command).start().onExit().join().exitValue() == 0;
    } catch (IOException notInstalled) {
      return false;
    }
  }

  /** Where another user can read them. */
  private static Path copyOfClasses(Path target) throws IOException {
    for (Class<?> one : List.of(SegmentLog.class, Opener.class)) {
      Path root = Path.of(one.getProtectionDomain().getCodeSource().getLocation().getPath());
      Path classes = root.resolve("io/runtracker/internal/log");
      try (Stream<Path> files = Files.walk(classes)) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          Path copy = target.resolve(root.relativize(file).toString());
          Files.createDirectories(copy.getParent());
          Files.copy(file, copy);
        }
      }
    }
    return target;
  }

  private static void deleteTree(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  @Test
  void aDirectoryWithOtherThingsInItIsLeftAsItIs() throws IOException {
    Files.setPosixFilePermissions(parent, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.createFile(parent.resolve("someone's"));
    SegmentLog.open(parent, SMALL).close();
    assertThat(permissions(parent)).isEqualTo("rwxr-xr-x");
  }

  /** Makes a segment one of another version, with a header that holds. */
  private static void setVersion(Path segment, int version) throws IOException {
    byte[] bytes = Files.readAllBytes(segment);
    ByteBuffer.wrap(bytes).putInt(8, version);
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, 60);
    ByteBuffer.wrap(bytes).putInt(60, (int) crc.getValue());
    Files.write(segment, bytes);
  }

  private static Map<String, String> contents(Path directory) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String content = HexFormat.of().formatHex(Files.readAllBytes(file));
        contents.put(directory.relativize(file).toString(), content);
      }
    }
    return contents;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 99})
  void aSpoolOfAnotherVersionIsRefusedAndNothingIsChanged(int version) throws IOException {
    try (SegmentLog log = SegmentLog.open(parent, SMALL)) {
      fill(log, 1000, 10);
    }
    for (Path segment : segments(parent)) {
      setVersion(segment, version);
    }
    Path last = segments(parent).get(segments(parent).size() - 1);
    Files.write(last, Arrays.copyOf(Files.readAllBytes(last), (int) Files.size(last) - 5));
    Files.write(parent.resolve(DirectoryLock.FILE), new byte[0]); // as version 1 has it
    Map<String, String> before = contents(parent);
    assertThatThrownBy(() -> SegmentLog.open(parent, SMALL))
        .isInstanceOf(SpoolException.class)
        .hasMessageContaining("version " + version)
        .hasMessageContaining("reads version 2")
        .hasMessageContaining(segments(parent).get(0).toString());
    assertThat(contents(parent)).isEqualTo(before);
    assertThatThrownBy(() -> SegmentLog.open(parent, SMALL)).hasMessageContaining("version");
  }

  @Test
  void oneSegmentOfALaterVersionRefusesASpoolThatIsNotKnownToBeOurs() throws IOException {
    try (SegmentLog log = SegmentLog.open(parent, SMALL)) {
      fill(log, 1000, 10);
    }
    setVersion(segments(parent).get(1), 99);
    Files.writeString(parent.resolve(DirectoryLock.FILE), "runtracker-spool 99\n");
    Map<String, String> before = contents(parent);
    assertThatThrownBy(() -> SegmentLog.open(parent, SMALL)).hasMessageContaining("version 99");
    assertThat(contents(parent)).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 99})
  void aSegmentOfAnotherVersionAmongOursIsSetAside(int version) throws IOException {
    Path foreign = parent.resolve(new SegmentName(77, 5000, 7).file());
    try (SegmentLog log = SegmentLog.open(parent, SMALL)) {
      fill(log, 1000, 10);
      Files.write(foreign, Format.segmentHeader(new SegmentName(77, 5000, 7)));
      setVersion(foreign, version);
    }
    byte[] content = Files.readAllBytes(foreign);
    try (SegmentLog log = SegmentLog.open(parent, SMALL)) {
      assertThat(log.recovery().lostEvents()).isZero();
      assertThat(Spools.readPositions(log)).isEqualTo(Spools.range(1, 1000));
      assertThat(log.stats().next()).isEqualTo(1001);
    }
    assertThat(foreign).doesNotExist();
    Path kept = parent.resolve(DamagedArea.DIRECTORY).resolve(foreign.getFileName() + ".foreign");
    assertThat(kept).hasBinaryContent(content);
  }

  @Test
  void aFileInPlaceOfTheDirectoryIsAClearError() throws IOException {
    Path file = Files.createFile(parent.resolve("file"));
    assertThatThrownBy(() -> SegmentLog.open(file, SMALL))
        .isInstanceOf(SpoolException.class)
        .hasMessageContaining(file.toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "999999999999999999-0000000000000001-0000002a.seg",
        "0000000001-7fffffffffffffff-0000002a.seg"
      })
  void aFileWithANameBeyondTheReachOfALogIsNoSegment(String name) throws IOException {
    Path directory = Files.createDirectory(parent.resolve("spool"));
    Files.write(directory.resolve(name), new byte[100]);
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      fill(log, 1000, 100); // more than a segment
    }
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      assertThat(Spools.readAll(log)).hasSize(1000);
    }
    assertThat(directory.resolve(name)).hasSize(100);
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
