// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A spool that was written once and is committed: what was on somebody's disk yesterday is read
 * today. docs/spool-format.md describes it.
 */
class SpoolFormatTest {
  private static final SegmentName NAME = new SegmentName(7, 100, 0x5eed1e55);
  private static final byte UNKNOWN_KIND = 99;

  @TempDir Path directory;

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  private static Path golden() throws URISyntaxException {
    return Path.of(
        Objects.requireNonNull(SpoolFormatTest.class.getResource("/spool-format-2")).toURI());
  }

  /** The segment of the committed spool, as the code of today writes it. */
  private static void write(Path file) throws IOException {
    GroupBuffer buffer = new GroupBuffer(64 << 10);
    try (FileSystem.File target = new NioFileSystem().create(file)) {
      buffer.begin(target, NAME.mark(), 0);
      buffer.raw(Format.segmentHeader(NAME), 0, Format.SEGMENT_HEADER);
      buffer.record(Format.CARRIED, 40, bytes("carried"));
      buffer.record(Format.EVENT, 100, bytes("first"));
      buffer.record(Format.EVENT, 101, bytes("second"));
      buffer.record(UNKNOWN_KIND, 0, bytes("of a later version"));
      buffer.record(Format.CONTROL, 102, bytes("control"));
      byte[] done =
          new Fields(64)
              .field(Format.DONE_POSITIONS, Positions.of(41, 100).plus(Positions.of(101)).encode())
              .field(77, "of a later version")
              .field(Format.DONE_LEDGER, bytes("ledger"))
              .toBytes();
      buffer.record(Format.DONE, 0, done);
      buffer.record(Format.EVENT, 102, new byte[0]);
      buffer.end();
    }
  }

  @Test
  void whatWasWrittenOnceIsReadToday() throws Exception {
    for (String file : List.of(NAME.file(), DirectoryLock.FILE)) {
      Files.copy(golden().resolve(file), directory.resolve(file));
    }
    try (SegmentLog log = SegmentLog.open(directory, Spools.SMALL)) {
      assertThat(log.recovery().damaged()).isFalse();
      Map<Long, String> events =
          Spools.readAll(log).entrySet().stream()
              .collect(Collectors.toMap(Map.Entry::getKey, e -> new String(e.getValue(), UTF_8)));
      assertThat(events).isEqualTo(Map.of(40L, "carried", 100L, "first", 102L, ""));
      assertThat(log.controls()).containsExactly(bytes("control"));
      assertThat(log.ledger()).isEqualTo(bytes("ledger"));
      assertThat(log.done())
          .isEqualTo(Positions.of(0, 40).plus(Positions.of(41, 100)).plus(Positions.of(101)));
      assertThat(log.stats().next()).as("of the lock file").isEqualTo(103);
    }
  }

  @Test
  void theSameIsWrittenToday() throws Exception {
    Path file = directory.resolve(NAME.file());
    write(file);
    assertThat(file).hasSameBinaryContentAs(golden().resolve(NAME.file()));
  }

  @Test
  void theLockFileIsWrittenAsItWas() throws Exception {
    SegmentIndex index = new SegmentIndex();
    index.add(new Segment(NAME, true));
    try (DirectoryLock lock = DirectoryLock.take(directory)) {
      lock.note(index, new SegmentName(8, 103, 0), false);
    }
    assertThat(directory.resolve(DirectoryLock.FILE))
        .hasSameBinaryContentAs(golden().resolve(DirectoryLock.FILE));
  }

  @Test
  void theLockFileSaysWhatItSaid() throws Exception {
    Files.copy(golden().resolve(DirectoryLock.FILE), directory.resolve(DirectoryLock.FILE));
    try (DirectoryLock lock = DirectoryLock.take(directory)) {
      assertThat(lock.isOfThisVersion()).isTrue();
      assertThat(lock.oldest()).isEqualTo(NAME);
      assertThat(lock.newest()).isEqualTo(NAME);
      assertThat(lock.next()).isEqualTo(new SegmentName(8, 103, 0));
    }
  }

  /** Makes the committed files; not to be run again, or they prove nothing. */
  public static void main(String[] args) throws IOException {
    Path target = Files.createDirectories(Path.of(args[0]));
    write(target.resolve(NAME.file()));
    SegmentIndex index = new SegmentIndex();
    index.add(new Segment(NAME, true));
    try (DirectoryLock lock = DirectoryLock.take(target)) {
      lock.note(index, new SegmentName(8, 103, 0), false);
    }
  }
}
