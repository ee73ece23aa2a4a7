// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spool;

import static io.runtracker.spool.Spools.SMALL;
import static io.runtracker.spool.Spools.fill;
import static io.runtracker.spool.Spools.mirrors;
import static io.runtracker.spool.Spools.range;
import static io.runtracker.spool.Spools.readPositions;
import static io.runtracker.spool.Spools.segments;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ControlMirrorTest {

  private static final byte[] CONTROL = {1, 2, 3};

  @TempDir Path directory;

  private SegmentLog open() throws IOException {
    return SegmentLog.open(directory, SMALL);
  }

  /** Events in three segments; of the first ones some are done, and a control is about them. */
  private void write() throws IOException {
    try (SegmentLog log = open()) {
      log.snapshotFrom(() -> List.of(CONTROL));
      fill(log, 200, 50);
      log.control(CONTROL, 101);
      Spools.done(log, Positions.of(1, 51));
      log.commit();
      fill(log, 400, 50);
      assertThat(segments(directory)).hasSizeGreaterThan(2);
    }
  }

  @Test
  void whatADamagedSegmentKnewOfEventsOfOthersIsKnown() throws IOException {
    write();
    List<Path> segments = segments(directory);
    List<Long> first = range(51, base(segments.get(1)) - 1);
    for (Path later : segments.subList(1, segments.size())) {
      Files.write(later, new byte[(int) Files.size(later)]);
    }
    try (SegmentLog log = open()) {
      assertThat(log.controls()).containsExactly(CONTROL);
      assertThat(readPositions(log)).isEqualTo(first);
      assertThat(log.stats().next()).isEqualTo(601);
    }
  }

  private static long base(Path segment) {
    SegmentName name = SegmentName.parse(segment.getFileName().toString());
    if (name == null) {
      throw new AssertionError(segment);
    }
    return name.base();
  }

  @Test
  void aSegmentCutWhereARecordEndsHidesNoControl() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 10, 10);
    }
    Path segment = segments(directory).get(0);
    long size = Files.size(segment);
    try (SegmentLog log = open()) {
      log.control(CONTROL, 11);
      Spools.done(log, Positions.of(1, 4));
    }
    for (Path later : segments(directory)) {
      if (!later.equals(segment)) {
        Files.delete(later);
      }
    }
    assertThat(Files.size(segment)).isEqualTo(size);
    try (SegmentLog log = open()) {
      assertThat(log.controls()).containsExactly(CONTROL);
      assertThat(readPositions(log)).isEqualTo(range(4, 10));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gone", "empty", "zeros", "garbage", "directory"})
  void theSegmentsAloneAreEnough(String harm) throws IOException {
    write();
    Path mirror = mirrors(directory).get(0);
    byte[] bytes = Files.readAllBytes(mirror);
    Files.delete(mirror);
    switch (harm) {
      case "empty" -> Files.createFile(mirror);
      case "zeros" -> Files.write(mirror, new byte[bytes.length]);
      case "garbage" -> {
        new java.util.Random(1).nextBytes(bytes);
        Files.write(mirror, bytes);
      }
      case "directory" -> Files.createDirectory(mirror);
      default -> {}
    }
    for (int opening = 0; opening < 2; opening++) {
      try (SegmentLog log = open()) {
        assertThat(log.recovery().damaged()).isFalse();
        assertThat(log.controls()).containsExactly(CONTROL);
        assertThat(readPositions(log)).isEqualTo(range(51, 600));
      }
    }
  }

  @Test
  void itHoldsWhatStillMattersAndIsAsSmallAsThat() throws IOException {
    byte[] last = {9};
    try (SegmentLog log = open()) {
      log.snapshotFrom(() -> List.of(last));
      fill(log, 10, 10);
      for (int i = 0; i < 100; i++) {
        log.control(new byte[10_000], 11);
      }
      assertThat(mirrors(directory)).hasSize(1);
      assertThat(Files.size(mirrors(directory).get(0))).isLessThan(300_000);
    }
    for (int opening = 0; opening < 5; opening++) {
      try (SegmentLog log = open()) {
        assertThat(log.controls()).contains(last);
      }
    }
    assertThat(mirrors(directory)).hasSize(1);
    assertThat(Files.size(mirrors(directory).get(0))).isLessThan(300_000);
  }

  @Test
  void aMirrorOfAnotherVersionIsPutAside() throws IOException {
    write();
    Path mirror = mirrors(directory).get(0);
    java.nio.ByteBuffer header = java.nio.ByteBuffer.wrap(Files.readAllBytes(mirror));
    header.putInt(8, 3);
    java.util.zip.CRC32C check = new java.util.zip.CRC32C();
    check.update(header.array(), 0, 60);
    Files.write(mirror, header.putInt(60, (int) check.getValue()).array());
    try (SegmentLog log = open()) {
      assertThat(log.controls()).containsExactly(CONTROL);
    }
    assertThat(directory.resolve("damaged").resolve(mirror.getFileName() + ".foreign")).exists();
  }
}
