// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import static io.runtracker.internal.log.Spools.SEGMENT;
import static io.runtracker.internal.log.Spools.SMALL;
import static io.runtracker.internal.log.Spools.done;
import static io.runtracker.internal.log.Spools.doneOneByOne;
import static io.runtracker.internal.log.Spools.fill;
import static io.runtracker.internal.log.Spools.payload;
import static io.runtracker.internal.log.Spools.range;
import static io.runtracker.internal.log.Spools.read;
import static io.runtracker.internal.log.Spools.readAll;
import static io.runtracker.internal.log.Spools.readPositions;
import static io.runtracker.internal.log.Spools.segments;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.internal.log.FailingFileSystem.Call;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Events that wait while thousands of others are done. */
class CarryTest {

  /** What stays for an event that waits: its segment, three behind it, and the newest. */
  private static final int SEGMENTS_WITH_A_STRAGGLER = 5;

  @TempDir Path directory;

  private SegmentLog open() throws IOException {
    return SegmentLog.open(directory, SMALL);
  }

  private long bytesOnDisk() throws IOException {
    long bytes = 0;
    for (Path segment : segments(directory)) {
      bytes += Files.size(segment);
    }
    return bytes;
  }

  private static void holds(Map<Long, byte[]> found, List<Long> positions) {
    assertThat(found.keySet()).containsExactlyElementsOf(positions);
    found.forEach((position, bytes) -> assertThat(bytes).isEqualTo(payload(position)));
  }

  @Test
  void anEventThatWaitsKeepsItsOwnBytesOnly() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 2000, 10);
      Path head = segments(directory).get(0);
      readPositions(log);
      doneOneByOne(log, range(2, 2000));
      assertThat(segments(directory))
          .doesNotContain(head)
          .hasSizeLessThanOrEqualTo(SEGMENTS_WITH_A_STRAGGLER);
      assertThat(log.live()).isEqualTo(Positions.of(1));
      holds(read(log, log.live()), List.of(1L));
      assertThat(log.stats().bytes()).isEqualTo(bytesOnDisk());
    }
  }

  @Test
  void anEventThatWaitsIsHandedOutAfterAReopeningFromWhereItWasCarried() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 2000, 10);
      readPositions(log);
      doneOneByOne(log, range(2, 1999));
    }
    try (SegmentLog log = open()) {
      assertThat(log.recovery().damaged()).isFalse();
      assertThat(log.recovery().liveEvents()).isEqualTo(2);
      holds(readAll(log), List.of(1L, 2000L));
    }
  }

  @Test
  void anEventIsCarriedAsOftenAsItTakesWithOpeningsInBetween() throws IOException {
    List<Long> waiting = List.of(1L, 5L, 700L);
    for (int opening = 0; opening < 4; opening++) {
      try (SegmentLog log = open()) {
        assertThat(log.recovery().damaged()).isFalse();
        holds(readAll(log), opening == 0 ? List.of() : waiting);
        fill(log, 3000, 10);
        List<Long> fresh = readPositions(log);
        fresh.removeAll(waiting);
        doneOneByOne(log, fresh);
        assertThat(log.live()).isEqualTo(Spools.positions(waiting));
        assertThat(segments(directory)).hasSizeLessThanOrEqualTo(SEGMENTS_WITH_A_STRAGGLER);
        holds(read(log, log.live()), waiting);
      }
    }
  }

  @Test
  void aCarriedEventIsGoneOnceItIsDone() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 2000, 10);
      readPositions(log);
      doneOneByOne(log, range(2, 2000));
      done(log, 1);
      assertThat(log.live().isEmpty()).isTrue();
      assertThat(segments(directory)).hasSize(1);
    }
    try (SegmentLog log = open()) {
      assertThat(readAll(log)).isEmpty();
    }
  }

  @Test
  void manyEventsThatWaitKeepLittleMoreThanTheirOwnBytes() throws IOException {
    try (SegmentLog log = open()) {
      for (int round = 0; round < 40; round++) {
        long first = log.stats().next();
        fill(log, 500, 10);
        readPositions(log);
        List<Long> done = new ArrayList<>(range(first, first + 499));
        done.removeIf(position -> position % 12 == 0);
        done(log, Spools.positions(done));
      }
      Map<Long, byte[]> found = read(log, log.live());
      holds(found, range(1, 20_000).stream().filter(position -> position % 12 == 0).toList());
      long own = found.values().stream().mapToLong(b -> b.length + Format.RECORD_HEADER).sum();
      assertThat(bytesOnDisk()).isLessThan(4 * own + SEGMENTS_WITH_A_STRAGGLER * SEGMENT);
    }
  }

  @Test
  void manyEventsThatWaitDoNotKeepThoseThatComeBehindThem() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 800, 10);
      readPositions(log);
      for (int round = 0; round < 20; round++) {
        long first = log.stats().next();
        fill(log, 500, 10);
        readPositions(log);
        done(log, Positions.of(first, first + 500));
      }
      holds(read(log, log.live()), range(1, 800));
      assertThat(log.stats().segments()).isLessThan(30);
    }
  }

  @Test
  void largeEventsAreCarriedToo() throws IOException {
    try (SegmentLog log = open()) {
      byte[] large = new byte[40_000];
      for (int i = 0; i < 30; i++) {
        log.append(Spools.group(large));
      }
      readPositions(log);
      done(log, Positions.of(2, 31));
      assertThat(segments(directory)).hasSizeLessThanOrEqualTo(SEGMENTS_WITH_A_STRAGGLER);
      assertThat(read(log, log.live()).get(1L)).isEqualTo(large);
    }
  }

  @Test
  void whatIsSoonDoneIsNotCarried() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 600, 10);
      readPositions(log);
      Path head = segments(directory).get(0);
      doneOneByOne(log, range(2, 600));
      assertThat(segments(directory)).hasSizeLessThanOrEqualTo(4).contains(head);
    }
  }

  @Test
  void anEventThatNobodyHasReadIsNotCarriedButHandedOutInItsPlace() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 2000, 10);
      log.done(Positions.of(2, 2000), new byte[0], 0);
      assertThat(readPositions(log)).containsExactly(1L, 2000L);
    }
  }

  @Test
  void anEventThatIsDoneWhileItIsCarriedStaysDone() throws IOException {
    SegmentLog[] opened = new SegmentLog[1];
    boolean[] carrying = new boolean[1];
    boolean[] over = new boolean[1];
    Consumer<FailPoint> other =
        point -> {
          carrying[0] |= point == FailPoint.BEFORE_CARRY;
          if (carrying[0] && !over[0] && point == FailPoint.BEFORE_WRITE) {
            over[0] = true;
            SegmentLog log = opened[0];
            new Thread(() -> done(log, 1)).start();
            await().until(() -> !log.live().contains(1));
          }
        };
    try (SegmentLog log = SegmentLog.open(directory, SMALL, other)) {
      opened[0] = log;
      fill(log, 2000, 10);
      readPositions(log);
      doneOneByOne(log, range(2, 2000));
      assertThat(log.live().isEmpty()).isTrue();
    }
    try (SegmentLog log = open()) {
      assertThat(readAll(log)).isEmpty();
    }
  }

  @Test
  void anEventThatIsOfNoUseToCarryBecauseItsBytesAreDamagedIsLostAndCounted() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 2000, 10);
      readPositions(log);
      Path head = segments(directory).get(0);
      byte[] bytes = Files.readAllBytes(head);
      bytes[Format.SEGMENT_HEADER + Format.RECORD_HEADER] ^= 1;
      Files.write(head, bytes);
      doneOneByOne(log, range(3, 2000));
      assertThat(log.stats().lost()).isEqualTo(1);
      holds(read(log, log.live()), List.of(2L));
      assertThat(segments(directory)).doesNotContain(head);
    }
  }

  @Test
  void whileTheDiskIsFullNothingIsDeletedThatIsNotCarried() throws IOException {
    FailingFileSystem disk = new FailingFileSystem();
    int[] snapshots = new int[1];
    try (SegmentLog log = SegmentLog.open(directory, SMALL, disk)) {
      log.snapshotFrom(
          () -> {
            snapshots[0]++;
            return List.of(new byte[1000]);
          });
      fill(log, 2000, 10);
      readPositions(log);
      disk.failing.add(Call.WRITE);
      doneOneByOne(log, range(2, 2000));
      assertThat(snapshots[0]).isGreaterThan(100);
      holds(read(log, log.live()), List.of(1L));
      disk.failing.clear();
      fill(log, 100, 10);
      doneOneByOne(log, range(2001, 2010));
      assertThat(segments(directory)).hasSizeLessThanOrEqualTo(SEGMENTS_WITH_A_STRAGGLER);
      holds(read(log, Positions.of(1)), List.of(1L));
    }
    try (SegmentLog log = open()) {
      assertThat(log.controls()).as("no snapshot of a failed write").hasSizeLessThan(30);
    }
  }

  @Test
  void anImageOfEachMomentOfCarryingHoldsTheEventOnce() throws IOException {
    Map<FailPoint, Path> images = new EnumMap<>(FailPoint.class);
    boolean[] began = new boolean[1];
    Consumer<FailPoint> camera =
        point -> {
          began[0] |= point == FailPoint.BEFORE_CARRY;
          if (began[0] && !images.containsKey(point)) {
            images.put(point, image(point));
          }
        };
    try (SegmentLog log = SegmentLog.open(directory, SMALL, camera)) {
      fill(log, 2000, 10);
      readPositions(log);
      doneOneByOne(log, range(2, 2000));
    }
    assertThat(images)
        .containsKeys(
            FailPoint.BEFORE_CARRY,
            FailPoint.AFTER_WRITE,
            FailPoint.AFTER_CARRY,
            FailPoint.BEFORE_DELETE,
            FailPoint.AFTER_DELETE);
    for (Map.Entry<FailPoint, Path> image : images.entrySet()) {
      try (SegmentLog log = SegmentLog.open(image.getValue(), SMALL)) {
        assertThat(log.recovery().damaged()).as("%s", image.getKey()).isFalse();
        Map<Long, byte[]> found = readAll(log);
        assertThat(found.get(1L)).as("%s", image.getKey()).isEqualTo(payload(1));
        done(log, Spools.positions(found.keySet()));
      }
      try (SegmentLog log = SegmentLog.open(image.getValue(), SMALL)) {
        assertThat(readAll(log)).as("%s", image.getKey()).isEmpty();
      }
    }
  }

  private Path image(FailPoint point) {
    try {
      Path image = directory.resolve("image-" + point);
      Spools.copy(directory, image);
      return image;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void controlsOutliveHeadSegmentsWhenTheSnapshotOfTheirOwnerSaysSo() throws IOException {
    byte[] stale = {1};
    byte[] live = {2};
    try (SegmentLog log = open()) {
      log.snapshotFrom(() -> List.of(live));
      fill(log, 10, 10);
      log.control(stale, 2);
      log.control(live, 2);
      fill(log, 2000, 10);
      readPositions(log);
      doneOneByOne(log, range(1, 2000));
    }
    Spools.deleteMirrors(directory);
    try (SegmentLog log = open()) {
      assertThat(log.controls()).isNotEmpty().doesNotContain(stale).contains(live);
    }
  }

  @Test
  void theSnapshotStandsBeforeWhatItsOwnerSaidSince() throws IOException {
    byte[] open = {1};
    byte[] closed = {2};
    try (SegmentLog log = open()) {
      boolean[] asked = new boolean[1];
      log.snapshotFrom(
          () -> {
            if (!asked[0]) {
              asked[0] = true;
              log.controlLater(closed, 0);
              return List.of(open);
            }
            return List.of();
          });
      fill(log, 600, 10);
      readPositions(log);
      done(log, Positions.of(1, 400));
      assertThat(asked[0]).isTrue();
    }
    try (SegmentLog log = open()) {
      assertThat(log.controls()).containsExactly(open, closed);
    }
  }

  @Test
  void theEndOfAControlOutlivesItsSegment() throws IOException {
    try (SegmentLog log = open()) {
      log.snapshotFrom(() -> List.of(new byte[] {2}));
      fill(log, 10, 10);
      log.control(new byte[] {2}, 5000);
      fill(log, 2000, 10);
      readPositions(log);
      doneOneByOne(log, range(1, 2010));
      assertThat(segments(directory)).hasSize(1);
    }
    try (SegmentLog log = open()) {
      assertThat(log.stats().next()).isEqualTo(5000);
    }
  }
}
