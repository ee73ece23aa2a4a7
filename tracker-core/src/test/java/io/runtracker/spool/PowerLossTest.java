// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spool;

import static io.runtracker.spool.Spools.POWER;
import static io.runtracker.spool.Spools.SMALL;
import static io.runtracker.spool.Spools.payload;
import static io.runtracker.spool.Spools.payloads;
import static io.runtracker.spool.Spools.pollAll;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PowerLossTest {
  private static final int CRASHES = 300;

  @TempDir Path directory;

  /** What the caller has been told up to a moment. */
  private static final class Told {
    final Set<Long> appended = new HashSet<>();
    final Set<Long> done = new HashSet<>();
    final Map<Long, String> created = new HashMap<>();
    int ledger;

    void clear() {
      appended.clear();
      done.clear();
      created.clear();
      ledger = 0;
    }
  }

  private final Told told = new Told();
  private final RecordingFileSystem disk = new RecordingFileSystem();

  /** Appends, creates, finishes out of order and returns, with a note of each acknowledgement. */
  private void load(SegmentLogOptions options) throws IOException {
    Random random = new Random(42);
    List<Long> out = new ArrayList<>();
    try (SegmentLog log = SegmentLog.open(directory.resolve("live"), options, disk)) {
      for (int round = 1; round <= 200; round++) {
        append(log, 1 + random.nextInt(30));
        for (int i = random.nextInt(30); i > 0; i--) {
          SpooledEvent event = log.poll();
          if (event != null) {
            out.add(event.sequence());
          }
        }
        for (int i = random.nextInt(34); i > 0 && !out.isEmpty(); i--) {
          finish(log, out.remove(random.nextInt(Math.min(12, out.size()))), random);
        }
        ledger(log, round);
      }
    }
  }

  private void append(SegmentLog log, int count) throws IOException {
    long first = log.stats().nextSequence();
    log.append(payloads(first, count));
    disk.note(() -> told.appended.addAll(Spools.range(first, first + count - 1)));
  }

  private void finish(SegmentLog log, long sequence, Random random) throws IOException {
    if (random.nextInt(10) == 0) {
      log.giveBack(sequence);
      return;
    }
    String run = "run-" + sequence;
    log.created(sequence, run);
    disk.note(() -> told.created.put(sequence, run));
    disk.note(() -> told.done.add(sequence));
    log.done(sequence);
  }

  private void ledger(SegmentLog log, int value) throws IOException {
    log.ledger(ByteBuffer.allocate(4).putInt(value).array());
    if (value % 5 == 0) {
      log.commit();
      disk.note(() -> told.ledger = value);
    }
  }

  @Test
  void nothingAcknowledgedIsMissingAfterAPowerLossUnderPower() throws IOException {
    load(POWER);
    for (int crash = 0; crash < CRASHES; crash++) {
      Path image = image(crash);
      try (SegmentLog log = SegmentLog.open(image, SMALL)) {
        byte[] ledger = log.ledger();
        assertThat(ledger == null ? 0 : ByteBuffer.wrap(ledger).getInt())
            .as("ledger, crash %s", crash)
            .isGreaterThanOrEqualTo(told.ledger);
        Map<Long, SpooledEvent> found = checkedEvents(log, crash);
        for (long sequence : told.appended) {
          if (!told.done.contains(sequence)) {
            assertThat(found).as("crash %s", crash).containsKey(sequence);
          }
        }
        for (SpooledEvent event : found.values()) {
          String run = told.created.get(event.sequence());
          if (run != null) {
            assertThat(event.runId()).as("crash %s", crash).isEqualTo(run);
          }
        }
      }
    }
  }

  @Test
  void noEventComesBackWithoutItsRunIdWhenDeletionsAreCutShort() throws IOException {
    try (SegmentLog log = SegmentLog.open(directory.resolve("live"), POWER, disk)) {
      for (long sequence = 1; sequence <= 1000; sequence++) {
        while (log.stats().nextSequence() <= Math.min(1000, sequence + 300)) {
          Spools.fill(log, 1, 1); // run ids stand a segment or two behind their events
        }
        log.created(sequence, "run-" + sequence);
      }
      int before = disk.steps.size();
      for (long sequence = 1000; sequence > 0; sequence--) {
        log.done(sequence);
      }
      for (int crash = 0; crash < 100; crash++) {
        Random random = new Random(crash);
        Path image = directory.resolve("image" + crash);
        disk.crash(before + random.nextInt(disk.steps.size() - before + 1), image, random);
        try (SegmentLog after = SegmentLog.open(image, SMALL)) {
          for (SpooledEvent event : pollAll(after).values()) {
            assertThat(event.runId()).as("crash %s", crash).isEqualTo("run-" + event.sequence());
          }
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
        long first = log.stats().nextSequence();
        assertThat(log.append(payloads(first, 3)).accepted()).isEqualTo(3);
        assertThat(pollAll(log)).hasSize(3);
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

  private static Map<Long, SpooledEvent> checkedEvents(SegmentLog log, int crash)
      throws IOException {
    Map<Long, SpooledEvent> found = pollAll(log);
    for (SpooledEvent event : found.values()) {
      assertThat(event.payload()).as("crash %s", crash).isEqualTo(payload(event.sequence()));
      if (event.runId() != null) {
        assertThat(event.runId()).isEqualTo("run-" + event.sequence());
      }
    }
    return found;
  }

  @Test
  void aCommitUnderPowerIsOneWriteAndOneSync() throws IOException {
    try (SegmentLog log = SegmentLog.open(directory.resolve("live"), POWER, disk)) {
      log.append(payloads(1, 10));
      disk.steps.clear();
      log.done(1);
      log.done(2);
      log.ledger(new byte[4]);
      log.append(payloads(11, 64));
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
