// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import static io.runtracker.internal.log.Spools.SEGMENT;
import static io.runtracker.internal.log.Spools.SMALL;
import static io.runtracker.internal.log.Spools.bytes;
import static io.runtracker.internal.log.Spools.groupOf;
import static io.runtracker.internal.log.Spools.payload;
import static io.runtracker.internal.log.Spools.range;
import static io.runtracker.internal.log.Spools.segments;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runtracker.internal.log.FailingFileSystem.Call;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogTest {
  private static final byte[] LEDGER = {1};

  @TempDir Path directory;
  private final FailingFileSystem disk = new FailingFileSystem();

  private Log onDisk(SegmentLogOptions options) throws IOException {
    return Log.on(SegmentLog.open(directory, options, disk), 100, 1 << 20);
  }

  private Log onDisk() throws IOException {
    return onDisk(SMALL);
  }

  /** Each event has the payload of its position. */
  private static Log.Refused append(Log log, int count) {
    return log.append(groupOf(log.end(), count));
  }

  private static List<Long> readAll(Log log) throws IOException {
    List<Long> positions = new ArrayList<>();
    for (SpooledEvent event = log.next(); event != null; event = log.next()) {
      assertThat(bytes(event)).isEqualTo(payload(event.position()));
      positions.add(event.position());
    }
    return positions;
  }

  private static List<Long> read(Log log, Positions wanted) throws IOException {
    List<Long> positions = new ArrayList<>();
    log.read(
        wanted,
        event -> {
          assertThat(bytes(event)).isEqualTo(payload(event.position()));
          positions.add(event.position());
        });
    return positions;
  }

  private void holdsOnDisk(List<Long> positions) throws IOException {
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      assertThat(log.recovery().damaged()).isFalse();
      assertThat(Spools.readAll(log).keySet()).containsExactlyElementsOf(positions);
    }
  }

  @Test
  void theHeapTakesSoManyEventsAndNoMore() throws IOException {
    Log log = Log.onHeap(100, 1 << 20);
    assertThat(append(log, 90)).isEqualTo(new Log.Refused(0, 0, null));
    assertThat(log.isFull()).isFalse();
    assertThat(log.isCrowded()).isTrue();
    assertThat(append(log, 15)).isEqualTo(new Log.Refused(0, 5, null));
    assertThat(log.isFull()).isTrue();
    assertThat(append(log, 1).byHeap()).isEqualTo(1);
    assertThat(readAll(log)).isEqualTo(range(1, 100));
    log.done(Positions.of(1, 11), LEDGER);
    assertThat(append(log, 20).byHeap()).isEqualTo(10);
    assertThat(log.live()).isEqualTo(100);
  }

  @Test
  void theHeapTakesSoManyBytesAndNoMore() throws IOException {
    Log log = Log.onHeap(100, 10_000);
    byte[] large = new byte[4000];
    assertThat(log.append(Spools.group(large, large, large)).byHeap()).isEqualTo(1);
    assertThat(log.heapBytes()).isEqualTo(8000);
    log.holdOnHeap(2000);
    assertThat(log.isFull()).isTrue();
    assertThat(log.append(Spools.group(new byte[1])).byHeap()).isEqualTo(1);
    log.holdOnHeap(-2000);
    log.next();
    log.next();
    log.done(Positions.of(1, 3), LEDGER);
    log.release(3, () -> Positions.NONE);
    assertThat(log.heapBytes()).isZero();
    assertThat(log.append(Spools.group(large, large)).byHeap()).isZero();
  }

  @Test
  void whatIsReleasedOnTheHeapIsNotReadAgain() throws IOException {
    Log log = Log.onHeap(100, 1 << 20);
    append(log, 10);
    append(log, 10);
    readAll(log);
    log.release(15, () -> Positions.NONE);
    assertThat(read(log, Positions.of(1, 21))).isEqualTo(range(11, 20));
  }

  @Test
  void whatIsNeededLongerTakesItsOwnRoomAndNoMore() throws IOException {
    Log log = Log.onHeap(100, 1 << 20);
    append(log, 10);
    long own = log.heapBytes();
    append(log, 10);
    append(log, 10);
    readAll(log);
    log.release(31, () -> Positions.of(3, 5));
    assertThat(log.heapBytes()).isEqualTo(own);
    assertThat(read(log, Positions.of(1, 31))).isEqualTo(range(1, 10));
  }

  @Test
  void aReaderThatKeepsUpNeedsNoDisk() throws IOException {
    try (Log log = onDisk()) {
      assertThat(log.next()).isNull();
      append(log, 100);
      disk.failing.add(Call.READ);
      assertThat(readAll(log)).isEqualTo(range(1, 100));
      append(log, 100);
      assertThat(readAll(log)).isEqualTo(range(101, 200));
      disk.failing.clear();
    }
  }

  @Test
  void aReaderThatLagsBehindReadsFromDiskAndThenFromTheHeap() throws IOException {
    try (Log log = onDisk()) {
      for (int i = 0; i < 500; i++) {
        append(log, 50);
      }
      assertThat(log.heapBytes()).isLessThanOrEqualTo(4L << 20);
      disk.failing.add(Call.READ);
      assertThatThrownBy(log::next).isInstanceOf(SpoolException.class);
      disk.failing.clear();
      assertThat(readAll(log)).isEqualTo(range(1, 25_000));
      assertThat(log.disk().stats().lost()).isZero();
      assertThat(log.readBelow()).isEqualTo(25_001);
      append(log, 5);
      assertThat(readAll(log)).isEqualTo(range(25_001, 25_005));
    }
  }

  @Test
  void whatIsReadAgainComesInOrderFromDiskAndHeap() throws IOException {
    try (Log log = onDisk()) {
      for (int i = 0; i < 500; i++) {
        append(log, 50);
      }
      assertThat(readAll(log)).hasSize(25_000);
      log.done(Positions.of(2, 9000), LEDGER);
      log.reap(); // the first is carried behind later ones
      log.done(Positions.of(9001, 20_000), LEDGER);
      log.reap();
      Positions wanted =
          Positions.of(1).plus(Positions.of(9000)).plus(Positions.of(19_900, 25_001));
      List<Long> expected = new ArrayList<>(List.of(1L, 9000L));
      expected.addAll(range(19_900, 25_000));
      List<Long> found = read(log, wanted);
      found.removeIf(position -> position >= 19_900 && position < 20_000); // done, maybe there
      expected.removeIf(position -> position >= 19_900 && position < 20_000);
      assertThat(found).isEqualTo(expected);
    }
  }

  @Test
  void afterAnOpeningComesWhatWasThereAndThenWhatIsNew() throws IOException {
    try (Log log = onDisk()) {
      append(log, 1000);
      readAll(log);
      log.done(Positions.of(10, 500), LEDGER);
    }
    try (Log log = onDisk()) {
      append(log, 50);
      assertThat(log.readBelow()).isZero();
      List<Long> expected = new ArrayList<>(range(1, 9));
      expected.addAll(range(500, 1050));
      assertThat(readAll(log)).isEqualTo(expected);
      assertThat(log.readBelow()).isEqualTo(1051);
      append(log, 5);
      assertThat(readAll(log)).isEqualTo(range(1051, 1055));
    }
  }

  @Test
  void whatAFullDiskDoesNotTakeIsReadFromTheHeapAndWrittenLaterInOrder() throws IOException {
    try (Log log = onDisk()) {
      append(log, 10);
      disk.failing.add(Call.WRITE);
      Log.Refused refused = append(log, 20);
      assertThat(refused.failure()).isInstanceOf(SpoolException.class);
      assertThat(refused.byHeap() + refused.byQuota()).isZero();
      append(log, 20);
      assertThat(log.onHeapAlone()).isEqualTo(40);
      assertThat(readAll(log)).isEqualTo(range(1, 50));
      assertThat(read(log, Positions.of(5, 35))).isEqualTo(range(5, 34));
      disk.failing.clear();
      append(log, 10);
      assertThat(log.onHeapAlone()).isZero();
      assertThat(log.live()).isEqualTo(60);
      assertThat(readAll(log)).isEqualTo(range(51, 60));
    }
    holdsOnDisk(range(1, 60));
  }

  @Test
  void onTheHeapOfAFullDiskThereAreBoundsToo() throws IOException {
    try (Log log = onDisk()) {
      append(log, 1000);
      disk.failing.add(Call.WRITE);
      assertThat(append(log, 90).byHeap()).isZero();
      assertThat(append(log, 90).byHeap()).isEqualTo(80);
      assertThat(append(log, 5).byHeap()).isEqualTo(5);
      assertThat(log.live()).isEqualTo(1100);
      assertThat(log.isFull()).as("the disk may take more").isFalse();
      disk.failing.clear();
      append(log, 5);
    }
    holdsOnDisk(range(1, 1105));
  }

  @Test
  void whatIsDeliveredFromTheHeapMakesRoomThere() throws IOException {
    try (Log log = onDisk()) {
      disk.failing.add(Call.WRITE);
      append(log, 1); // waits all the time
      for (int round = 0; round < 50; round++) {
        long first = log.end();
        assertThat(append(log, 50).byHeap()).isZero();
        readAll(log);
        assertThatThrownBy(() -> log.control(LEDGER, Positions.NONE))
            .isInstanceOf(SpoolException.class);
        log.control(LEDGER, Positions.of(first, first + 50));
        log.done(Positions.of(first, first + 50), LEDGER);
        log.release(first + 50, () -> Positions.NONE);
      }
      assertThat(log.onHeapAlone()).isEqualTo(1);
      assertThat(log.heapBytes()).isEqualTo(payload(1).length);
      disk.failing.clear();
      append(log, 1);
      assertThat(log.live()).isEqualTo(2);
    }
    holdsOnDisk(List.of(1L, 2502L));
  }

  @Test
  void anEventThatWasSentWhileNoDiskKnewOfItIsNeverWritten() throws IOException {
    try (Log log = onDisk()) {
      append(log, 5);
      disk.failing.add(Call.WRITE);
      append(log, 5);
      append(log, 5);
      readAll(log);
      log.control(LEDGER, Positions.of(7)); // it may be sent now
      disk.failing.clear();
      append(log, 5);
      assertThat(log.live()).isEqualTo(20);
      assertThat(log.onHeapAlone()).isEqualTo(5);
      assertThat(read(log, Positions.of(6, 11))).isEqualTo(range(6, 10));
      log.release(log.end(), () -> Positions.NONE);
      assertThat(read(log, Positions.of(6, 11))).as("not delivered").isEqualTo(range(6, 10));
      log.done(Positions.of(6, 10), LEDGER);
      assertThat(log.live()).isEqualTo(16);
      assertThat(log.isDoneBelow(6)).isFalse();
    }
    List<Long> expected = new ArrayList<>(range(1, 5));
    expected.addAll(range(11, 20));
    holdsOnDisk(expected);
  }

  @Test
  void onDiskNothingIsSettledForGoodBeforeItIsWritten() throws IOException {
    try (Log log = onDisk()) {
      append(log, 5);
      log.done(Positions.of(1, 4), LEDGER);
      assertThat(log.settledBelow()).isEqualTo(1);
      append(log, 1);
      assertThat(log.settledBelow()).isEqualTo(4);
      log.done(Positions.of(5, 6), LEDGER);
      disk.failing.add(Call.WRITE);
      append(log, 1);
      assertThat(log.settledBelow()).isEqualTo(4);
      disk.failing.clear();
      append(log, 1);
      assertThat(log.settledBelow()).as("the fourth is not done").isEqualTo(4);
      log.done(Positions.of(4), LEDGER);
      append(log, 1);
      assertThat(log.settledBelow()).isEqualTo(6);
    }
    try (Log log = onDisk()) {
      assertThat(log.settledBelow()).isEqualTo(6);
    }
  }

  @Test
  void onTheHeapWhatIsDoneIsSettledForGood() throws IOException {
    Log log = Log.onHeap(100, 1 << 20);
    append(log, 5);
    assertThat(log.settledBelow()).isEqualTo(1);
    log.done(Positions.of(1, 4), LEDGER);
    assertThat(log.settledBelow()).isEqualTo(4);
  }

  @Test
  void whatIsSentFromTheHeapOfAFullDiskBeginsNoSegmentEachTime() throws IOException {
    try (Log log = onDisk()) {
      append(log, 50);
      for (int i = 0; i < 20; i++) {
        disk.failing.add(Call.WRITE);
        long first = log.end();
        append(log, 2);
        readAll(log);
        log.control(LEDGER, Positions.of(first, first + 2));
        log.done(Positions.of(first, first + 2), LEDGER);
        log.release(log.end(), () -> Positions.NONE);
        disk.failing.clear();
        append(log, 2);
      }
      assertThat(log.disk().stats().segments()).isEqualTo(1);
      assertThat(log.live()).isEqualTo(50 + 20 * 2);
    }
    List<Long> expected = new ArrayList<>(range(1, 50));
    for (long first = 53; first < 131; first += 4) {
      expected.addAll(range(first, first + 1));
    }
    holdsOnDisk(expected);
  }

  @Test
  void aControlAboutEventsOnDiskThatCannotBeRememberedIsAnException() throws IOException {
    try (Log log = onDisk()) {
      append(log, 5);
      disk.failing.add(Call.WRITE);
      append(log, 5);
      assertThatThrownBy(() -> log.control(LEDGER, Positions.of(4, 8)))
          .isInstanceOf(SpoolException.class);
      disk.failing.clear();
    }
  }

  @Test
  void whatTheQuotaRefusesIsCounted() throws IOException {
    int refused = 0;
    long accepted;
    SegmentLogOptions small = new SegmentLogOptions(SEGMENT, 2L * SEGMENT, SMALL.durability());
    try (Log log = onDisk(small)) {
      for (int i = 0; i < 10; i++) {
        refused += append(log, 100).byQuota();
      }
      accepted = log.live();
      assertThat(accepted + refused).isEqualTo(1000);
      assertThat(refused).isPositive();
    }
    holdsOnDisk(range(1, accepted));
  }

  @Test
  void whatTheQuotaRefusesIsCountedWhereTheRestCannotBeWrittenEither() throws IOException {
    SegmentLogOptions small = new SegmentLogOptions(SEGMENT, 2L * SEGMENT, SMALL.durability());
    try (Log log = onDisk(small)) {
      disk.failing.add(Call.WRITE);
      Log.Refused refused = append(log, 1000);
      assertThat(refused.byHeap() + refused.byQuota()).isEqualTo(900);
      disk.failing.clear();
    }
    holdsOnDisk(range(1, 100));
  }

  @Test
  void aReaderBehindWhatTheDiskHasLostComesToTheHeap() throws IOException {
    try (Log log = onDisk(SMALL.withSegmentBytes(16 << 20))) {
      for (int i = 0; i < 500; i++) {
        append(log, 50);
      }
      for (int i = 0; i < 2000; i++) {
        log.next();
      }
      Path file = segments(directory).get(0);
      byte[] whole = Files.readAllBytes(file);
      Arrays.fill(whole, 1 << 20, whole.length, (byte) 0);
      Files.write(file, whole);
      List<Long> found = readAll(log);
      assertThat(found).doesNotHaveDuplicates().endsWith(25_000L);
      assertThat(log.disk().stats().lost()).isEqualTo(23_000 - found.size());
      assertThat(log.live()).isEqualTo(2000 + found.size());
    }
  }

  @Test
  void closingWritesWhatCanStillBeWritten() throws IOException {
    Log log = onDisk();
    disk.failing.add(Call.WRITE);
    append(log, 20);
    disk.failing.clear();
    log.close();
    assertThat(log.onHeapAlone()).isZero();
    holdsOnDisk(range(1, 20));
  }

  @Test
  void closingOnAFullDiskLetsGoOfTheDirectoryAndTellsWhatIsNotOnIt() throws IOException {
    Log log = onDisk();
    append(log, 5);
    disk.failing.add(Call.WRITE);
    append(log, 20);
    assertThatThrownBy(log::close).isInstanceOf(SpoolException.class);
    assertThat(log.onHeapAlone()).isEqualTo(20);
    disk.failing.clear();
    holdsOnDisk(range(1, 5));
  }
}
