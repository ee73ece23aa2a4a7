// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import static io.runtracker.internal.log.Spools.SMALL;
import static io.runtracker.internal.log.Spools.fill;
import static io.runtracker.internal.log.Spools.payload;
import static io.runtracker.internal.log.Spools.readAll;
import static io.runtracker.internal.log.Spools.segments;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SegmentDamageTest {
  private static final int EVENTS = 1200;

  @TempDir Path directory;

  private Path spool(String name) throws IOException {
    Path spool = directory.resolve(name);
    try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
      log.ledger(new byte[] {1, 2, 3});
      fill(log, EVENTS, 20);
    }
    return spool;
  }

  /** Where the events of a segment file stand: sequence to {start, end}. */
  private static void locate(Path file, Map<Long, long[]> places) throws IOException {
    SegmentName name = SegmentName.parse(file.getFileName().toString());
    ByteBuffer window = ByteBuffer.allocateDirect(4096);
    try (RecordScanner scanner =
        new RecordScanner(
            new NioFileSystem().open(file, false), name, window, false, (from, to) -> {})) {
      while (scanner.next(Files.size(file))) {
        if (scanner.kind() == Format.EVENT) {
          long end = scanner.start() + Format.RECORD_HEADER + scanner.length();
          places.put(scanner.sequence(), new long[] {scanner.start(), end});
        }
      }
    }
  }

  private interface Harm {
    /** Harms bytes and returns {from, to} of what it has touched; what it returns is written. */
    byte[] to(byte[] bytes, Random random, long[] touched);
  }

  private static byte[] flip(byte[] bytes, Random random, long[] touched) {
    int at = random.nextInt(bytes.length);
    bytes[at] ^= (byte) (1 << random.nextInt(8));
    touched[0] = at;
    touched[1] = at + 1L;
    return bytes;
  }

  private static byte[] zeroPage(byte[] bytes, Random random, long[] touched) {
    int page = random.nextInt((bytes.length + 4095) / 4096) * 4096;
    int end = Math.min(bytes.length, page + 4096);
    Arrays.fill(bytes, page, end, (byte) 0);
    touched[0] = page;
    touched[1] = end;
    return bytes;
  }

  private static byte[] truncate(byte[] bytes, Random random, long[] touched) {
    int to = random.nextInt(bytes.length);
    touched[0] = to;
    touched[1] = bytes.length;
    return Arrays.copyOf(bytes, to);
  }

  /** Harms copies of a log at random places: each opens and loses only the events hit. */
  private void trials(Harm harm, int trials, int hits) throws IOException {
    Path whole = spool("whole");
    for (int trial = 0; trial < trials; trial++) {
      Random random = new Random(trial);
      Path copy = directory.resolve("copy" + trial);
      Spools.copy(whole, copy);
      Set<Long> hit = new HashSet<>();
      for (int i = 0; i < hits; i++) {
        Path victim = segments(copy).get(random.nextInt(segments(copy).size()));
        byte[] bytes = Files.readAllBytes(victim);
        if (bytes.length > 0) {
          long[] touched = new long[2];
          Files.write(victim, harm.to(bytes, random, touched));
          hit.addAll(hitIn(whole.resolve(victim.getFileName()), touched));
        }
      }
      checkOpens(copy, hit, trial);
    }
  }

  private static Set<Long> hitIn(Path file, long[] touched) throws IOException {
    Map<Long, long[]> places = new java.util.HashMap<>();
    locate(file, places);
    places.values().removeIf(p -> p[1] <= touched[0] || p[0] >= touched[1]);
    return places.keySet();
  }

  private static void checkOpens(Path copy, Set<Long> hit, int trial) throws IOException {
    Set<Long> expected = new HashSet<>(Spools.range(1, EVENTS));
    expected.removeAll(hit);
    try (SegmentLog log = SegmentLog.open(copy, SMALL)) {
      Map<Long, byte[]> found = readAll(log);
      assertThat(found.keySet()).as("trial %s", trial).isEqualTo(expected);
      found.forEach((s, event) -> assertThat(event).isEqualTo(payload(s)));
      assertThat(log.ledger()).isEqualTo(new byte[] {1, 2, 3});
      RecoveryReport report = log.recovery();
      if (report.truncatedBytes() == 0) {
        assertThat(report.lostEvents()).as("trial %s", trial).isEqualTo(hit.size());
      }
      fill(log, 5, 5);
      assertThat(readAll(log)).hasSize(5);
    }
    try (SegmentLog log = SegmentLog.open(copy, SMALL)) {
      assertThat(log.recovery().lostEvents()).as("counted once, trial %s", trial).isZero();
      assertThat(log.recovery().truncatedBytes()).isZero();
      assertThat(log.stats().live()).isEqualTo(expected.size() + 5);
    }
  }

  @Test
  void flippedBitsCostOnlyTheRecordsHit() throws IOException {
    trials(SegmentDamageTest::flip, 150, 5);
  }

  @Test
  void zeroedPagesCostOnlyTheRecordsHit() throws IOException {
    trials(SegmentDamageTest::zeroPage, 100, 3);
  }

  @Test
  void truncationsCostOnlyTheRecordsHit() throws IOException {
    trials(SegmentDamageTest::truncate, 100, 2);
  }

  @Test
  void aTornTailCostsWhatWasTornAndIsKeptAside() throws IOException {
    Path spool = spool("torn");
    Path last = segments(spool).get(segments(spool).size() - 1);
    byte[] bytes = Files.readAllBytes(last);
    Files.write(last, Arrays.copyOf(bytes, bytes.length - 3));
    try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
      assertThat(log.stats().live()).isEqualTo(EVENTS - 1);
      long cut = log.recovery().truncatedBytes();
      assertThat(cut).isPositive();
      try (Stream<Path> kept = Files.list(spool.resolve(DamagedArea.DIRECTORY))) {
        List<Path> files = kept.toList();
        assertThat(files).hasSize(1);
        assertThat(Files.size(files.get(0))).isEqualTo(cut);
      }
    }
  }

  @Test
  void damageIsCountedAndKeptAsideOnce() throws IOException {
    Path spool = spool("damaged");
    Path first = segments(spool).get(0);
    byte[] bytes = Files.readAllBytes(first);
    Arrays.fill(bytes, 8192, 12288, (byte) 0);
    Files.write(first, bytes);
    for (int i = 0; i < 3; i++) {
      try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
        RecoveryReport report = log.recovery();
        assertThat(report.damagedRegions()).isEqualTo(1);
        assertThat(report.damagedBytes()).isGreaterThanOrEqualTo(4096);
        assertThat(report.lostEvents() > 0).isEqualTo(i == 0);
        readAll(log);
        try (Stream<Path> kept = Files.list(spool.resolve(DamagedArea.DIRECTORY))) {
          assertThat(kept).hasSize(1);
        }
      }
    }
  }

  @Test
  void anEventThatIsDoneIsNotLostWithItsRecord() throws IOException {
    Path spool = directory.resolve("done");
    try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
      fill(log, 10, 10);
      Spools.done(log, 10);
    }
    Path file = segments(spool).get(0);
    Map<Long, long[]> places = new java.util.HashMap<>();
    locate(file, places);
    byte[] bytes = Files.readAllBytes(file);
    bytes[(int) places.get(10L)[0]] ^= 1;
    Files.write(file, bytes);
    try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
      assertThat(log.recovery().damagedRegions()).isEqualTo(1);
      assertThat(log.recovery().lostEvents()).isZero();
      assertThat(readAll(log)).hasSize(9);
    }
  }

  @Test
  void whatAFailedCommitLeftIsNotTakenForTheEventsOfTheNextSegment() throws IOException {
    Path first = directory.resolve("first");
    try (SegmentLog log = SegmentLog.open(first, SMALL)) {
      fill(log, 10, 10);
    }
    try (SegmentLog log = SegmentLog.open(first, SMALL)) {
      fill(log, 10, 10);
    }
    Path other = directory.resolve("other");
    try (SegmentLog log = SegmentLog.open(other, SMALL)) {
      fill(log, 20, 20); // the first segment with a group behind that was to be cut off
    }
    Path both = Files.createDirectory(directory.resolve("both"));
    Files.copy(segments(other).get(0), both.resolve(segments(other).get(0).getFileName()));
    Files.copy(segments(first).get(1), both.resolve(segments(first).get(1).getFileName()));
    try (SegmentLog log = SegmentLog.open(both, SMALL)) {
      assertThat(log.stats().live()).isEqualTo(20);
      assertThat(readAll(log)).hasSize(20);
      Spools.doneOneByOne(log, Spools.range(1, 20));
      assertThat(log.stats().live()).isZero();
      assertThat(segments(both)).hasSize(1);
    }
  }

  @Test
  void whatIsKeptAsideIsBounded() throws IOException {
    Path spool = Files.createDirectory(directory.resolve("large"));
    byte[] noise = new byte[9 << 20];
    for (int i = 1; i <= 4; i++) {
      Files.write(spool.resolve(new SegmentName(i, 1, i).file()), noise);
    }
    SegmentLog.open(spool, SMALL).close();
    long kept = 0;
    try (Stream<Path> files = Files.list(spool.resolve(DamagedArea.DIRECTORY))) {
      for (Path file : files.toList()) {
        kept += Files.size(file);
      }
    }
    assertThat(kept).isEqualTo(DamagedArea.BOUND);
  }

  @Test
  void damageWhileRunningCostsTheRecordsHitAndIsCounted() throws IOException {
    Path spool = directory.resolve("running");
    try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
      fill(log, EVENTS, 20);
      Path first = segments(spool).get(0);
      byte[] bytes = Files.readAllBytes(first);
      Arrays.fill(bytes, 8192, 12288, (byte) 0);
      Set<Long> hit = hitIn(first, new long[] {8192, 12288});
      Files.write(first, bytes);
      Map<Long, byte[]> found = readAll(log);
      assertThat(found).hasSize(EVENTS - hit.size()).doesNotContainKeys(hit.toArray(new Long[0]));
      assertThat(log.stats().lost()).isEqualTo(hit.size());
      Spools.doneOneByOne(log, found.keySet());
      assertThat(log.stats().live()).isZero();
      assertThat(segments(spool)).hasSize(1);
    }
  }

  @Test
  void aRecordForgedInsideADamagedPayloadIsNotBelieved() throws IOException {
    Path spool = directory.resolve("forged");
    Path other = spool("other");
    byte[] records = Files.readAllBytes(segments(other).get(0));
    try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
      log.append(Spools.group(records, payload(2)));
    }
    Path file = segments(spool).get(0);
    byte[] bytes = Files.readAllBytes(file);
    bytes[Format.SEGMENT_HEADER + 2] ^= 1; // the mark of the first record
    Files.write(file, bytes);
    try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
      assertThat(readAll(log).keySet()).containsExactly(2L);
    }
  }
}
