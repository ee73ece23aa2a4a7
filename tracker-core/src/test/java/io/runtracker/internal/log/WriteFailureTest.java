// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import static io.runtracker.internal.log.Spools.POWER;
import static io.runtracker.internal.log.Spools.SMALL;
import static io.runtracker.internal.log.Spools.done;
import static io.runtracker.internal.log.Spools.doneOneByOne;
import static io.runtracker.internal.log.Spools.fill;
import static io.runtracker.internal.log.Spools.group;
import static io.runtracker.internal.log.Spools.groupOf;
import static io.runtracker.internal.log.Spools.payload;
import static io.runtracker.internal.log.Spools.range;
import static io.runtracker.internal.log.Spools.read;
import static io.runtracker.internal.log.Spools.readAll;
import static io.runtracker.internal.log.Spools.readPositions;
import static io.runtracker.internal.log.Spools.segments;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runtracker.internal.log.FailingFileSystem.Call;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class WriteFailureTest {
  @TempDir Path directory;
  private final FailingFileSystem disk = new FailingFileSystem();

  private SegmentLog open(SegmentLogOptions options) throws IOException {
    return SegmentLog.open(directory, options, disk);
  }

  private void refuses(SegmentLog log, int events) {
    assertThatThrownBy(() -> log.append(groupOf(900_000, events)))
        .isInstanceOf(SpoolException.class)
        .hasMessageContaining(directory.toString());
  }

  private void holds(long events) throws IOException {
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      assertThat(log.recovery().damaged()).isFalse();
      Map<Long, byte[]> found = readAll(log);
      assertThat(found.keySet()).containsExactlyElementsOf(range(1, events));
      found.forEach((s, event) -> assertThat(event).isEqualTo(payload(s)));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 30, 1000, 5000})
  void aFailedWriteLeavesNothingAndTheSameLogGoesOn(int room) throws IOException {
    try (SegmentLog log = open(SMALL)) {
      fill(log, 20, 10);
      disk.room = room;
      disk.failing.add(Call.WRITE);
      refuses(log, 50);
      refuses(log, 50);
      disk.failing.clear();
      fill(log, 20, 10);
      assertThat(readPositions(log)).isEqualTo(range(1, 40));
    }
    holds(40);
  }

  @Test
  void aFailedFirstWriteOfASegmentLeavesNoFile() throws IOException {
    try (SegmentLog log = open(SMALL)) {
      disk.room = 5000;
      disk.failing.add(Call.WRITE);
      refuses(log, 50);
      assertThat(segments(directory)).isEmpty();
      disk.failing.clear();
      fill(log, 20, 10);
    }
    holds(20);
  }

  @Test
  void nothingIsWrittenBehindAGroupThatCouldNotBeTakenAway() throws IOException {
    try (SegmentLog log = open(SMALL)) {
      fill(log, 20, 10);
      disk.room = 3000;
      disk.failing.addAll(Set.of(Call.WRITE, Call.TRUNCATE));
      refuses(log, 50);
      disk.failing.remove(Call.WRITE);
      long size = Files.size(segments(directory).get(0));
      refuses(log, 1);
      assertThat(Files.size(segments(directory).get(0))).isEqualTo(size);
      assertThat(readPositions(log)).isEqualTo(range(1, 20));
      disk.failing.clear();
      fill(log, 20, 10);
      assertThat(readPositions(log)).isEqualTo(range(21, 40));
    }
    holds(40);
  }

  @Test
  void afterAFailedSyncTheNextGroupGoesToAnotherFile() throws IOException {
    try (SegmentLog log = open(POWER)) {
      fill(log, 20, 10);
      disk.failing.add(Call.FORCE);
      refuses(log, 5);
      disk.failing.clear();
      fill(log, 20, 10);
      assertThat(segments(directory)).hasSize(2);
      assertThat(readPositions(log)).isEqualTo(range(1, 40));
    }
    holds(40);
  }

  @ParameterizedTest
  @EnumSource(
      value = Call.class,
      names = {"CREATE", "SYNC_DIRECTORY", "FORCE", "WRITE"})
  void aFailedRollLeavesNothingAndIsTriedAgain(Call call) throws IOException {
    try (SegmentLog log = open(POWER)) {
      fill(log, 150, 10);
      disk.failing.add(call);
      refuses(log, 200);
      refuses(log, 200);
      disk.failing.clear();
      fill(log, 200, 200);
      assertThat(readPositions(log)).isEqualTo(range(1, 350));
    }
    holds(350);
  }

  @Test
  void aControlThatCouldNotBeWrittenIsWrittenWithTheNextWrite() throws IOException {
    byte[] control = {4, 5};
    try (SegmentLog log = open(SMALL)) {
      fill(log, 2, 2);
      disk.failing.add(Call.WRITE);
      assertThatThrownBy(() -> log.control(control, 2)).isInstanceOf(SpoolException.class);
      disk.failing.clear();
      log.commit();
    }
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      assertThat(log.controls()).containsExactly(control);
    }
  }

  @Test
  void doneEventsAndTheLedgerOutliveAFailedWrite() throws IOException {
    try (SegmentLog log = open(SMALL)) {
      fill(log, 3000, 50);
      disk.failing.add(Call.WRITE);
      doneOneByOne(log, range(2, 2900));
      log.done(Positions.of(2901), new byte[] {9}, 0);
      assertThatThrownBy(log::commit).isInstanceOf(SpoolException.class);
      disk.failing.clear();
    }
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      assertThat(log.stats().live()).isEqualTo(100);
      assertThat(log.ledger()).isEqualTo(new byte[] {9});
    }
  }

  @Test
  void aSegmentThatCannotBeDeletedIsDeletedLater() throws IOException {
    try (SegmentLog log = open(SMALL)) {
      fill(log, 1000, 10);
      disk.failing.add(Call.DELETE);
      doneOneByOne(log, range(1, 999));
      assertThat(segments(directory)).hasSizeGreaterThan(2);
      disk.failing.clear();
      done(log, 1000);
      assertThat(segments(directory)).hasSize(1);
    }
  }

  @Test
  void aFailedReadIsAnExceptionAndCostsNothing() throws IOException {
    try (SegmentLog log = open(SMALL)) {
      fill(log, 1000, 10);
      assertThat(log.next(0).position()).isEqualTo(1);
      disk.failing.add(Call.READ);
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> read(log, Positions.of(1, 900)))
            .isInstanceOf(SpoolException.class);
        assertThatThrownBy(() -> readPositions(log)).isInstanceOf(SpoolException.class);
      }
      disk.failing.clear();
      assertThat(read(log, log.live()).keySet()).containsExactlyElementsOf(range(1, 1000));
      List<Long> rest = readPositions(log);
      assertThat(rest).isEqualTo(range(1001 - rest.size(), 1000)).hasSizeGreaterThan(700);
      assertThat(log.stats().lost()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
  void aReadThatFailsOnceWhereverCostsNoEvent(int reads) throws IOException {
    try (SegmentLog log = open(SMALL)) {
      log.append(group(payload(1), new byte[200_000], payload(3)));
      disk.failingRead = reads;
      Set<Long> found = new TreeSet<>();
      for (int i = 0; i < 8; i++) {
        try {
          for (SpooledEvent event = log.next(0); event != null; event = log.next(0)) {
            assertThat(found.add(event.position())).isTrue();
          }
        } catch (SpoolException e) {
          // the next call comes there again
        }
      }
      assertThat(found).containsExactly(1L, 2L, 3L);
      assertThat(log.stats().lost()).isZero();
    }
  }

  @Test
  void aFileThatCannotBeReadDoesNotPreventTheStart() throws IOException {
    try (SegmentLog log = open(SMALL)) {
      fill(log, 10, 10);
    }
    disk.failing.add(Call.READ);
    try (SegmentLog log = open(SMALL)) {
      assertThat(log.recovery().damaged()).isTrue();
      assertThat(log.append(groupOf(1, 1)).accepted()).isEqualTo(1);
    }
  }

  @Test
  void aFileThatCannotBeOpenedDoesNotPreventTheStart() throws IOException {
    try (SegmentLog log = open(SMALL)) {
      fill(log, 10, 10);
    }
    disk.failing.add(Call.OPEN);
    try (SegmentLog log = open(SMALL)) {
      assertThat(log.recovery().damaged()).isTrue();
      disk.failing.clear();
      assertThat(log.append(groupOf(11, 1)).first()).isEqualTo(11);
      assertThat(readPositions(log)).isEqualTo(List.of(11L));
    }
  }

  @Test
  void aSegmentRemovedUnderARunningReaderIsLostAndCountedAndTheRestIsRead() throws IOException {
    try (SegmentLog log = open(SMALL)) {
      fill(log, 1000, 10);
      log.next(0);
      List<Path> files = segments(directory);
      Files.delete(files.get(1));
      long first = SegmentName.parse(files.get(1).getFileName().toString()).base();
      long end = SegmentName.parse(files.get(2).getFileName().toString()).base();
      List<Long> found = readPositions(log);
      assertThat(found).hasSize((int) (999 - (end - first))).doesNotContain(first, end - 1);
      assertThat(log.stats().lost()).isEqualTo(end - first);
      done(log, Spools.positions(found));
      done(log, 1);
      assertThat(log.stats().live()).isZero();
      assertThat(segments(directory)).hasSize(1);
    }
  }

  @Test
  void aLogWithoutLiveEventsIsEmptiedWhereTheDiskHasNoRoomToSayTheyAreDone() throws IOException {
    try (SegmentLog log = open(SMALL)) {
      log.snapshotFrom(() -> List.of(new byte[] {6}));
      log.ledger(new byte[] {5});
      fill(log, 100, 10);
      disk.failing.add(Call.WRITE);
      disk.roomOnceEmptied = true;
      log.done(Positions.of(1, 101), new byte[] {7}, 101);
      assertThatThrownBy(log::commit).isInstanceOf(SpoolException.class);
    }
    assertThat(Files.size(segments(directory).get(0))).isLessThan(1000);
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      assertThat(log.recovery().damaged()).isFalse();
      assertThat(readPositions(log)).isEmpty();
      assertThat(log.ledger()).isEqualTo(new byte[] {7});
      assertThat(log.controls()).containsExactly(new byte[] {6});
      assertThat(log.stats().next()).isEqualTo(101);
    }
  }

  @Test
  void anEmptiedLogKeepsTheLedgerThatWasWrittenLast() throws IOException {
    try (SegmentLog log = open(SMALL)) {
      log.ledger(new byte[] {5});
      fill(log, 100, 10);
      disk.failing.add(Call.WRITE);
      disk.roomOnceEmptied = true;
      log.lost(Positions.of(1, 101));
    }
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      assertThat(readPositions(log)).isEmpty();
      assertThat(log.ledger()).isEqualTo(new byte[] {5});
    }
  }

  @Test
  void whateverFailsInWhateverOrderNothingAcknowledgedIsLost() throws IOException {
    Random random = new Random(7);
    long next = 1;
    try (SegmentLog log = open(POWER)) {
      for (int i = 0; i < 2000; i++) {
        disk.failing.clear();
        disk.room = random.nextInt(4000);
        for (Call call : Call.values()) {
          if (call != Call.READ && call != Call.OPEN && random.nextInt(6) == 0) {
            disk.failing.add(call);
          }
        }
        int n = 1 + random.nextInt(20);
        try {
          log.append(groupOf(next, n));
          next += n;
        } catch (SpoolException e) {
          // not acknowledged
        }
        assertThat(log.stats().next()).isEqualTo(next);
      }
      disk.failing.clear();
      assertThat(readPositions(log)).isEqualTo(range(1, next - 1));
    }
    holds(next - 1);
  }
}
