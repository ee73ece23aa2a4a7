// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import static io.runtracker.internal.log.Spools.SMALL;
import static io.runtracker.internal.log.Spools.doneOneByOne;
import static io.runtracker.internal.log.Spools.fill;
import static io.runtracker.internal.log.Spools.mirrors;
import static io.runtracker.internal.log.Spools.range;
import static io.runtracker.internal.log.Spools.readPositions;
import static io.runtracker.internal.log.Spools.segments;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
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
      assertThat(log.controls()).isNotEmpty().containsOnly(CONTROL);
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
      assertThat(log.controls()).isNotEmpty().containsOnly(CONTROL);
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
        assertThat(log.controls()).isNotEmpty().containsOnly(CONTROL);
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
      assertThat(log.controls()).isNotEmpty().containsOnly(CONTROL);
    }
    assertThat(directory.resolve("damaged").resolve(mirror.getFileName() + ".foreign")).exists();
  }

  private static void copy(Path from, Path to) throws IOException {
    Spools.copy(from, to);
    for (Path mirror : mirrors(from)) {
      Files.copy(mirror, to.resolve(mirror.getFileName()));
    }
  }

  @Test
  void aMirrorDoesNotGrowFromLifeToLife() throws IOException {
    for (int life = 0; life < 30; life++) {
      try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
        log.snapshotFrom(List::of); // nothing is open
        for (int i = 0; i < 100; i++) {
          fill(log, 1, 1);
          log.control(
              ("plan " + life + " " + i + "x".repeat(500)).getBytes(UTF_8), log.stats().next());
          readPositions(log);
          Spools.done(log, log.live());
        }
        log.commit();
      }
    }
    assertThat(segments(directory)).hasSizeLessThan(3);
    assertThat(Files.size(mirrors(directory).get(0))).isLessThan(300_000);
  }

  @Test
  void eventsAreDoneAndCountedInOneStep() throws IOException {
    SegmentLog[] opened = new SegmentLog[1];
    boolean[] armed = new boolean[1];
    byte[] counted = {5};
    Consumer<FailPoint> other =
        point -> {
          if (armed[0] && point == FailPoint.BEFORE_MIRROR) {
            opened[0].done(Positions.of(1, 6), counted); // the thread that settles
          } else if (armed[0] && point == FailPoint.AFTER_MIRROR) {
            armed[0] = false;
            try {
              copy(directory, directory.resolve("image"));
            } catch (IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          }
        };
    try (SegmentLog log = SegmentLog.open(directory, SMALL, other)) {
      opened[0] = log;
      fill(log, 10, 10);
      log.ledger(new byte[] {0});
      log.commit();
      for (int i = 0; i < 27; i++) {
        log.control(new byte[10_000], 0);
      }
      assertThat(Files.size(mirrors(directory).get(0))).isGreaterThan(256 << 10);
      armed[0] = true;
      log.control(new byte[1], 0); // the thread that sends
    }
    try (SegmentLog log = SegmentLog.open(directory.resolve("image"), SMALL)) {
      boolean isDone = !log.live().contains(1);
      assertThat(log.ledger()).as("done: " + isDone).isEqualTo(isDone ? counted : new byte[] {0});
    }
  }

  @Test
  void whatDamageHasCostIsCountedAlsoWhereTheFirstProcessThatSawItWasKilled() throws IOException {
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      fill(log, 400, 50);
    }
    Path second = segments(directory).get(0);
    Files.write(second, new byte[(int) Files.size(second)]);
    long lost;
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      lost = log.stats().lost();
      copy(directory, directory.resolve("image"));
    }
    assertThat(lost).isPositive();
    try (SegmentLog log = SegmentLog.open(directory.resolve("image"), SMALL)) {
      assertThat(log.stats().lost()).isEqualTo(lost);
    }
  }

  @Test
  void aCarriedEventWhoseCopyIsDamagedIsCounted() throws IOException {
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      fill(log, 2000, 10);
      readPositions(log);
      doneOneByOne(log, range(2, 2000));
      assertThat(log.live()).isEqualTo(Positions.of(1));
    }
    for (Path segment : segments(directory)) {
      Path image = directory.resolve("image-" + segment.getFileName());
      copy(directory, image);
      Path victim = image.resolve(segment.getFileName());
      Files.write(victim, new byte[(int) Files.size(victim)]);
      try (SegmentLog log = SegmentLog.open(image, SMALL)) {
        long there = log.live().contains(1) ? 1 : 0;
        assertThat(there + log.stats().lost()).as("%s", victim).isEqualTo(1);
      }
    }
  }
}
