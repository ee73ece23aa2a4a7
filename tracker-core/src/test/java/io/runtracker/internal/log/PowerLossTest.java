// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import static io.runtracker.internal.log.Spools.POWER;
import static io.runtracker.internal.log.Spools.SMALL;
import static io.runtracker.internal.log.Spools.groupOf;
import static io.runtracker.internal.log.Spools.payload;
import static io.runtracker.internal.log.Spools.readAll;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("once")
class PowerLossTest {
  private static final int CRASHES = 300;

  @TempDir Path directory;

  /** What the caller has been told up to a moment. */
  private static final class Told {
    final Set<Long> appended = new HashSet<>();
    final Set<Long> done = new HashSet<>();
    final Map<Long, String> controls = new HashMap<>();
    int ledger;

    void clear() {
      appended.clear();
      done.clear();
      controls.clear();
      ledger = 0;
    }
  }

  private final Told told = new Told();
  private final RecordingFileSystem disk = new RecordingFileSystem();

  /** Of so many events one is never done, and so carried from file to file. */
  private static final int STRAGGLER = 61;

  /** What the owner of the log wants to be remembered for as long as the event waits. */
  private final Map<Long, byte[]> open = new TreeMap<>();

  private byte[] ledger = new byte[4];
  private long readBelow;

  /** Appends, controls and finishes out of order, with a note of each acknowledgement. */
  private void load(SegmentLogOptions options) throws IOException {
    Random random = new Random(42);
    List<Long> out = new ArrayList<>();
    try (SegmentLog log = SegmentLog.open(directory.resolve("live"), options, disk)) {
      log.snapshotFrom(() -> List.copyOf(open.values()));
      for (int round = 1; round <= 200; round++) {
        append(log, 1 + random.nextInt(30));
        for (int i = random.nextInt(30); i > 0; i--) {
          SpooledEvent event = log.next(0);
          if (event != null) {
            readBelow = event.position() + 1;
            control(log, event.position());
            if (event.position() % STRAGGLER != 0) {
              out.add(event.position());
            }
          }
        }
        for (int i = random.nextInt(34); i > 0 && !out.isEmpty(); i--) {
          finish(log, out.remove(random.nextInt(Math.min(12, out.size()))));
        }
        ledger(log, round);
      }
    }
  }

  private void append(SegmentLog log, int count) throws IOException {
    long first = log.stats().next();
    log.append(groupOf(first, count));
    disk.note(() -> told.appended.addAll(Spools.range(first, first + count - 1)));
  }

  private void control(SegmentLog log, long position) throws IOException {
    String control = "run-" + position;
    open.put(position, control.getBytes(UTF_8));
    log.control(control.getBytes(UTF_8), position + 1);
    disk.note(() -> told.controls.put(position, control));
  }

  private void finish(SegmentLog log, long position) {
    open.remove(position);
    disk.note(() -> told.done.add(position));
    log.done(Positions.of(position), ledger, readBelow);
  }

  private void ledger(SegmentLog log, int value) throws IOException {
    ledger = ByteBuffer.allocate(4).putInt(value).array();
    log.ledger(ledger);
    if (value % 5 == 0) {
      log.commit();
      disk.note(() -> told.ledger = value);
    }
  }

  @Test
  void nothingAcknowledgedIsMissingAfterAPowerLossUnderPower() throws IOException {
    load(POWER);
    int carried = 0;
    for (int crash = 0; crash < CRASHES; crash++) {
      Path image = image(crash);
      try (SegmentLog log = SegmentLog.open(image, SMALL)) {
        byte[] ledger = log.ledger();
        assertThat(ledger == null ? 0 : ByteBuffer.wrap(ledger).getInt())
            .as("ledger, crash %s", crash)
            .isGreaterThanOrEqualTo(told.ledger);
        Map<Long, byte[]> found = checkedEvents(log, crash);
        for (long sequence : told.appended) {
          if (!told.done.contains(sequence)) {
            assertThat(found).as("crash %s", crash).containsKey(sequence);
          }
        }
        checkControls(log, found.keySet(), crash);
        Positions lost = positions(log.recovery().lostPositions());
        assertThat(lost.and(Spools.positions(told.appended)).isEmpty())
            .as("lost %s, crash %s", lost, crash)
            .isTrue();
        carried += found.containsKey((long) STRAGGLER) && isGone(image, STRAGGLER) ? 1 : 0;
      }
    }
    assertThat(carried).isGreaterThan(100);
  }

  /** Whether the segment in which an event was first is not there any more. */
  private static boolean isGone(Path image, long position) {
    Path oldest = Spools.segments(image).get(0);
    return SegmentName.parse(oldest.getFileName().toString()).base() > position;
  }

  private void checkControls(SegmentLog log, Set<Long> found, int crash) {
    Set<String> controls = new HashSet<>();
    log.controls().forEach(control -> controls.add(new String(control, UTF_8)));
    for (long position : found) {
      String control = told.controls.get(position);
      if (control != null) {
        assertThat(controls).as("crash %s", crash).contains(control);
      }
    }
  }

  /** Reads positions as a report prints them. */
  private static Positions positions(String printed) {
    Positions positions = Positions.NONE;
    for (String range : printed.isEmpty() ? new String[0] : printed.split(" ")[0].split(",")) {
      String[] ends = range.split("-");
      positions =
          positions.plus(
              Positions.of(Long.parseLong(ends[0]), Long.parseLong(ends[ends.length - 1]) + 1));
    }
    return positions;
  }

  @Test
  void noEventComesBackWithoutItsControlWhenDeletionsAreCutShort() throws IOException {
    try (SegmentLog log = SegmentLog.open(directory.resolve("live"), POWER, disk)) {
      log.snapshotFrom(() -> List.copyOf(open.values()));
      for (long sequence = 1; sequence <= 1000; sequence++) {
        while (log.stats().next() <= Math.min(1000, sequence + 300)) {
          Spools.fill(log, 1, 1); // controls stand a segment or two behind their events
        }
        control(log, sequence);
      }
      int before = disk.steps.size();
      for (long sequence = 1000; sequence > 0; sequence--) {
        finish(log, sequence);
      }
      for (int crash = 0; crash < 100; crash++) {
        Random random = new Random(crash);
        Path image = directory.resolve("image" + crash);
        disk.crash(before + random.nextInt(disk.steps.size() - before + 1), image, random);
        try (SegmentLog after = SegmentLog.open(image, SMALL)) {
          Set<Long> found = readAll(after).keySet();
          assertThat(told.controls.keySet()).containsAll(found);
          checkControls(after, found, crash);
        }
      }
    }
  }

  @Test
  void everyImageOfAPowerLossOpensUnderProcessToo() throws IOException {
    load(SMALL);
    for (int crash = 0; crash < CRASHES / 3; crash++) {
      try (SegmentLog log = SegmentLog.open(image(crash), SMALL)) {
        checkedEvents(log, crash);
        long first = log.stats().next();
        assertThat(log.append(groupOf(first, 3)).accepted()).isEqualTo(3);
        assertThat(readAll(log)).hasSize(3);
      }
    }
  }

  private Path image(int crash) throws IOException {
    Random random = new Random(crash);
    told.clear();
    Path image = directory.resolve("image" + crash);
    disk.crash(1 + random.nextInt(disk.steps.size()), image, random);
    return image;
  }

  private static Map<Long, byte[]> checkedEvents(SegmentLog log, int crash) throws IOException {
    Map<Long, byte[]> found = readAll(log);
    found.forEach(
        (position, bytes) -> assertThat(bytes).as("crash %s", crash).isEqualTo(payload(position)));
    return found;
  }

  @Test
  void aCommitUnderPowerIsOneWriteAndOneSyncAndAWriteOfTheMirror() throws IOException {
    try (SegmentLog log = SegmentLog.open(directory.resolve("live"), POWER, disk)) {
      log.append(groupOf(1, 10));
      log.commit(); // which begins the mirror
      disk.steps.clear();
      Spools.done(log, 1);
      Spools.done(log, 2);
      log.ledger(new byte[4]);
      log.append(groupOf(11, 64));
      assertThat(disk.steps.stream().map(RecordingFileSystem.Step::kind))
          .containsExactly(
              RecordingFileSystem.Kind.WRITE,
              RecordingFileSystem.Kind.FORCE,
              RecordingFileSystem.Kind.WRITE);
      disk.steps.clear();
      log.append(groupOf(75, 10));
      assertThat(disk.steps.stream().map(RecordingFileSystem.Step::kind))
          .containsExactly(RecordingFileSystem.Kind.WRITE, RecordingFileSystem.Kind.FORCE);
    }
  }

  @Test
  void nothingIsSyncedUnderProcess() throws IOException {
    load(SMALL);
    assertThat(disk.count(RecordingFileSystem.Kind.FORCE)).isZero();
    assertThat(disk.count(RecordingFileSystem.Kind.DELETE)).isPositive();
  }
}
