// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spool;

import static io.runtracker.spool.Spools.SMALL;
import static io.runtracker.spool.Spools.fill;
import static io.runtracker.spool.Spools.payload;
import static io.runtracker.spool.Spools.payloads;
import static io.runtracker.spool.Spools.pollAll;
import static io.runtracker.spool.Spools.pollSequences;
import static io.runtracker.spool.Spools.range;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SegmentLogTest {
  @TempDir Path directory;

  private SegmentLog open() throws IOException {
    return SegmentLog.open(directory, SMALL);
  }

  @Test
  void anEventComesBackAsItWasAppended() throws IOException {
    try (SegmentLog log = open()) {
      long sequence = log.append(List.of(payload(5))).firstSequence();
      SpooledEvent event = log.poll();
      assertThat(event.sequence()).isEqualTo(sequence);
      assertThat(event.payload()).isEqualTo(payload(5));
      assertThat(event.runId()).isNull();
    }
  }

  @Test
  void anEmptyLogHandsOutNothing() throws IOException {
    try (SegmentLog log = open()) {
      assertThat(log.poll()).isNull();
      log.append(List.of());
      log.commit();
      assertThat(log.poll()).isNull();
      assertThat(Spools.segments(directory)).isEmpty();
    }
  }

  @Test
  void eventsComeInTheOrderOfTheirAppending() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 1000, 7);
      assertThat(pollSequences(log)).isEqualTo(range(1, 1000));
    }
  }

  @Test
  void whatIsNotDoneIsThereAfterReopening() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 1000, 64);
      pollAll(log);
      for (long sequence = 1; sequence <= 1000; sequence += 2) {
        log.done(sequence);
      }
    }
    try (SegmentLog log = open()) {
      assertThat(log.recovery().liveEvents()).isEqualTo(500);
      assertThat(log.recovery().damaged()).isFalse();
      pollAll(log)
          .forEach(
              (sequence, event) -> {
                assertThat(sequence % 2).isZero();
                assertThat(event.payload()).isEqualTo(payload(sequence));
              });
    }
  }

  @Test
  void sequencesGoOnAfterADrainAndAReopening() throws IOException {
    for (int round = 0; round < 5; round++) {
      try (SegmentLog log = open()) {
        assertThat(log.append(payloads(0, 10)).firstSequence()).isEqualTo(1 + round * 10L);
        pollSequences(log).forEach(log::done);
      }
    }
  }

  @Test
  void aReturnedEventIsHandedOutBeforeNewOnes() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 10, 10);
      log.poll();
      log.poll();
      log.poll();
      log.giveBack(3);
      log.giveBack(2);
      SpooledEvent again = log.poll();
      assertThat(again.sequence()).isEqualTo(2);
      assertThat(again.payload()).isEqualTo(payload(2));
      assertThat(pollSequences(log)).isEqualTo(range(3, 10));
    }
  }

  @Test
  void anEventThatWasHandedOutCanBeReadAgainUntilItIsDone() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 10, 10);
      assertThat(log.read(2)).as("not handed out").isNull();
      pollSequences(log);
      assertThat(log.read(7)).isEqualTo(payload(7));
      assertThat(log.read(2)).isEqualTo(payload(2));
      assertThat(log.poll()).as("reading hands nothing out").isNull();
      log.done(7);
      assertThat(log.read(7)).isNull();
    }
  }

  @Test
  void aRunIdIsKnownWhenItsEventIsReturned() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 1, 1);
      log.poll();
      log.created(1, "run-1");
      log.giveBack(1);
      assertThat(log.poll().runId()).isEqualTo("run-1");
    }
  }

  @Test
  void aRunIdIsOnDiskWhenCreatedReturns() throws IOException {
    Path copy = directory.resolve("copy");
    try (SegmentLog log = open()) {
      fill(log, 3, 3);
      log.created(2, "run-ä");
      Spools.copy(directory, copy);
    }
    try (SegmentLog log = SegmentLog.open(copy, SMALL)) {
      assertThat(log.recovery().createdEvents()).isEqualTo(1);
      assertThat(pollAll(log).get(2L).runId()).isEqualTo("run-ä");
    }
  }

  @Test
  void doneIsOnDiskAfterTheNextAppend() throws IOException {
    Path copy = directory.resolve("copy");
    try (SegmentLog log = open()) {
      fill(log, 3, 3);
      log.done(2);
      fill(log, 1, 1);
      Spools.copy(directory, copy);
    }
    try (SegmentLog log = SegmentLog.open(copy, SMALL)) {
      assertThat(pollSequences(log)).containsExactly(1L, 3L, 4L);
    }
  }

  @Test
  void manyDoneEventsAreWrittenWithoutAnotherCall() throws IOException {
    Path copy = directory.resolve("copy");
    try (SegmentLog log = open()) {
      fill(log, 3000, 100);
      range(1, 2500).forEach(log::done);
      Spools.copy(directory, copy);
    }
    try (SegmentLog log = SegmentLog.open(copy, SMALL)) {
      assertThat(log.recovery().liveEvents()).isBetween(500L, 500L + 1024);
    }
  }

  @Test
  void theLastLedgerWins() throws IOException {
    try (SegmentLog log = open()) {
      assertThat(log.ledger()).isNull();
      log.ledger(new byte[] {1});
      log.commit();
      fill(log, 1, 1);
      log.done(new long[] {1}, new byte[] {2, 2});
    }
    try (SegmentLog log = open()) {
      assertThat(log.ledger()).isEqualTo(new byte[] {2, 2});
    }
  }

  @Test
  void aPayloadThatLooksLikeRecordsIsOnlyAPayload() throws IOException {
    byte[] forged;
    try (SegmentLog log = open()) {
      fill(log, 20, 20);
      forged = java.nio.file.Files.readAllBytes(Spools.segments(directory).get(0));
      log.append(List.of(forged));
    }
    try (SegmentLog log = open()) {
      assertThat(pollAll(log).get(21L).payload()).isEqualTo(forged);
    }
  }

  @Test
  void aGroupLargerThanASegmentAndTheBufferIsOneCommit() throws IOException {
    byte[] large = new byte[3 << 20];
    new java.util.Random(1).nextBytes(large);
    try (SegmentLog log = open()) {
      assertThat(log.append(List.of(payload(1), large, payload(3))).accepted()).isEqualTo(3);
      log.poll();
      assertThat(log.poll().payload()).isEqualTo(large);
    }
    try (SegmentLog log = open()) {
      assertThat(pollAll(log).get(2L).payload()).isEqualTo(large);
    }
  }

  @Test
  void aPayloadAboveTheBoundIsRefused() throws IOException {
    try (SegmentLog log = open()) {
      List<byte[]> group = List.of(new byte[(16 << 20) + 1]);
      assertThatThrownBy(() -> log.append(group)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void aClosedLogSaysSoAndTouchesNothing() throws IOException {
    SegmentLog log = open();
    fill(log, 2000, 100);
    log.close();
    List<Path> before = Spools.segments(directory);
    range(1, 2000).forEach(log::done);
    log.close();
    assertThat(log.poll()).isNull();
    assertThatThrownBy(() -> log.append(payloads(1, 1))).hasMessageContaining("closed");
    assertThatThrownBy(() -> log.created(1, "r")).hasMessageContaining("closed");
    assertThat(Spools.segments(directory)).isEqualTo(before);
  }

  @Test
  void anInterruptedThreadStaysInterruptedAndTheLogGoesOn() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 100, 10);
      Thread.currentThread().interrupt();
      log.created(1, "run");
      fill(log, 100, 10);
      assertThat(pollSequences(log)).hasSize(200);
      assertThat(Thread.interrupted()).isTrue();
      fill(log, 1, 1);
    }
  }

  @Property(tries = 60)
  void whateverOrderEventsAreDoneInTheRestComesBack(
      @ForAll @Size(max = 300) Set<@IntRange(min = 1, max = 400) Integer> done,
      @ForAll @IntRange(min = 1, max = 90) int group)
      throws IOException {
    Path own = java.nio.file.Files.createTempDirectory("spool");
    Set<Long> left = new TreeSet<>(range(1, 400));
    try (SegmentLog log = SegmentLog.open(own, SMALL)) {
      fill(log, 400, group);
      for (int sequence : done) {
        log.done(sequence);
        left.remove((long) sequence);
      }
      assertThat(log.stats().live()).isEqualTo(left.size());
      assertThat(pollSequences(log)).containsExactlyElementsOf(left);
    }
    try (SegmentLog log = SegmentLog.open(own, SMALL)) {
      assertThat(pollSequences(log)).containsExactlyElementsOf(left);
    }
  }
}
