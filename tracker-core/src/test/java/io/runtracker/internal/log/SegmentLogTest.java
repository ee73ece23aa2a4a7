// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

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
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
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

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  private SegmentLog open() throws IOException {
    return SegmentLog.open(directory, SMALL);
  }

  @Test
  void anEventComesBackAsItWasAppended() throws IOException {
    try (SegmentLog log = open()) {
      long sequence = log.append(group(payload(5))).first();
      SpooledEvent event = log.next(0);
      assertThat(event.position()).isEqualTo(sequence);
      assertThat(Spools.bytes(event)).isEqualTo(payload(5));
    }
  }

  @Test
  void anEmptyLogHandsOutNothing() throws IOException {
    try (SegmentLog log = open()) {
      assertThat(log.next(0)).isNull();
      log.append(group());
      log.commit();
      assertThat(log.next(0)).isNull();
      assertThat(Spools.segments(directory)).isEmpty();
    }
  }

  @Test
  void eventsComeInTheOrderOfTheirAppending() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 1000, 7);
      assertThat(readPositions(log)).isEqualTo(range(1, 1000));
    }
  }

  @Test
  void whatIsNotDoneIsThereAfterReopening() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 1000, 64);
      readAll(log);
      for (long sequence = 1; sequence <= 1000; sequence += 2) {
        done(log, sequence);
      }
    }
    try (SegmentLog log = open()) {
      assertThat(log.recovery().liveEvents()).isEqualTo(500);
      assertThat(log.recovery().damaged()).isFalse();
      readAll(log)
          .forEach(
              (sequence, event) -> {
                assertThat(sequence % 2).isZero();
                assertThat(event).isEqualTo(payload(sequence));
              });
    }
  }

  @Test
  void sequencesGoOnAfterADrainAndAReopening() throws IOException {
    for (int round = 0; round < 5; round++) {
      try (SegmentLog log = open()) {
        assertThat(log.append(groupOf(0, 10)).first()).isEqualTo(1 + round * 10L);
        doneOneByOne(log, readPositions(log));
      }
    }
  }

  @Test
  void anEventCanBeReadAgainAsOftenAsOneLikes() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 10, 10);
      assertThat(read(log, Positions.of(2)).get(2L)).as("not handed out").isEqualTo(payload(2));
      assertThat(readPositions(log)).as("reading hands nothing out").isEqualTo(range(1, 10));
      assertThat(read(log, Positions.of(7)).get(7L)).isEqualTo(payload(7));
      assertThat(read(log, Positions.of(2, 4)).keySet()).containsExactly(2L, 3L);
      assertThat(log.next(0)).as("reading hands nothing out").isNull();
    }
  }

  @Test
  void ofTheEventsAppendedSinceTheOpeningThoseBelowABoundAreLeftOut() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 500, 10);
    }
    try (SegmentLog log = open()) {
      fill(log, 500, 10);
      List<Long> found = new ArrayList<>();
      for (SpooledEvent event = log.next(900); event != null; event = log.next(900)) {
        found.add(event.position());
      }
      List<Long> expected = new ArrayList<>(range(1, 500));
      expected.addAll(range(900, 1000));
      assertThat(found).isEqualTo(expected);
      assertThat(log.stats().lost()).isZero();
    }
  }

  @Test
  void aControlIsOnDiskWhenControlReturns() throws IOException {
    Path copy = directory.resolve("copy");
    try (SegmentLog log = open()) {
      fill(log, 3, 3);
      log.control(bytes("run-ä"), 3);
      Spools.copy(directory, copy);
    }
    try (SegmentLog log = SegmentLog.open(copy, SMALL)) {
      assertThat(log.controls()).containsExactly(bytes("run-ä"));
    }
  }

  @Test
  void aControlForLaterIsOnDiskWithTheNextWrite() throws IOException {
    Path before = directory.resolve("before");
    Path after = directory.resolve("after");
    try (SegmentLog log = open()) {
      fill(log, 1, 1);
      log.controlLater(bytes("later"), 0);
      Spools.copy(directory, before);
      fill(log, 1, 1);
      Spools.copy(directory, after);
    }
    try (SegmentLog log = SegmentLog.open(before, SMALL)) {
      assertThat(log.controls()).isEmpty();
    }
    try (SegmentLog log = SegmentLog.open(after, SMALL)) {
      assertThat(log.controls()).containsExactly(bytes("later"));
    }
  }

  @Test
  void controlsComeBackInOrder() throws IOException {
    List<byte[]> expected = new ArrayList<>();
    for (int opening = 0; opening < 3; opening++) {
      try (SegmentLog log = open()) {
        assertThat(log.controls()).containsExactlyElementsOf(expected);
        for (int i = 0; i < 200; i++) {
          byte[] control = bytes(opening + " " + i + " ".repeat(i));
          expected.add(control);
          if (i % 3 == 0) {
            log.controlLater(control, 0);
          } else {
            log.control(control, 0);
          }
          fill(log, i % 5, 2);
        }
      }
    }
    try (SegmentLog log = open()) {
      assertThat(log.controls()).containsExactlyElementsOf(expected);
    }
  }

  @Test
  void noPositionThatAControlIsAboutIsGivenToAnotherEvent() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 3, 3);
      log.control(bytes("about what was never written"), 21);
    }
    try (SegmentLog log = open()) {
      assertThat(log.recoveredEnd()).isEqualTo(21);
      assertThat(log.append(groupOf(21, 1)).first()).isEqualTo(21);
    }
  }

  @Test
  void skippedPositionsAreDoneAndNeverGivenAgain() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 3, 3);
      log.skipTo(10);
      assertThat(log.append(groupOf(10, 2)).first()).isEqualTo(10);
      assertThat(log.live()).isEqualTo(Positions.of(1, 4).plus(Positions.of(10, 12)));
    }
    try (SegmentLog log = open()) {
      assertThat(log.recovery().damaged()).isFalse();
      assertThat(readPositions(log)).containsExactly(1L, 2L, 3L, 10L, 11L);
      assertThat(log.stats().next()).isEqualTo(12);
    }
  }

  @Test
  void anEventThatIsDeclaredLostIsCountedAndNotThereAfterReopening() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 5, 5);
      log.lost(Positions.of(2, 4));
      log.lost(Positions.of(3));
      assertThat(log.stats().lost()).isEqualTo(2);
    }
    try (SegmentLog log = open()) {
      assertThat(readPositions(log)).containsExactly(1L, 4L, 5L);
      assertThat(log.stats().lost()).isZero();
    }
  }

  @Test
  void doneIsOnDiskAfterTheNextAppend() throws IOException {
    Path copy = directory.resolve("copy");
    try (SegmentLog log = open()) {
      fill(log, 3, 3);
      done(log, 2);
      fill(log, 1, 1);
      Spools.copy(directory, copy);
    }
    try (SegmentLog log = SegmentLog.open(copy, SMALL)) {
      assertThat(readPositions(log)).containsExactly(1L, 3L, 4L);
    }
  }

  @Test
  void theLastLedgerWins() throws IOException {
    try (SegmentLog log = open()) {
      assertThat(log.ledger()).isNull();
      log.ledger(new byte[] {1});
      log.commit();
      fill(log, 1, 1);
      log.done(Positions.of(1), new byte[] {2, 2}, 0);
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
      log.append(group(forged));
    }
    try (SegmentLog log = open()) {
      assertThat(readAll(log).get(21L)).isEqualTo(forged);
    }
  }

  @Test
  void aGroupLargerThanASegmentAndTheBufferIsOneCommit() throws IOException {
    byte[] large = new byte[3 << 20];
    new java.util.Random(1).nextBytes(large);
    try (SegmentLog log = open()) {
      assertThat(log.append(group(payload(1), large, payload(3))).accepted()).isEqualTo(3);
      log.next(0);
      assertThat(Spools.bytes(log.next(0))).isEqualTo(large);
    }
    try (SegmentLog log = open()) {
      assertThat(readAll(log).get(2L)).isEqualTo(large);
    }
  }

  @Test
  void aPayloadAboveTheBoundIsRefused() throws IOException {
    try (SegmentLog log = open()) {
      Group group = group(new byte[(16 << 20) + 1]);
      assertThatThrownBy(() -> log.append(group)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void aClosedLogSaysSoAndTouchesNothing() throws IOException {
    SegmentLog log = open();
    fill(log, 2000, 100);
    log.close();
    List<Path> before = Spools.segments(directory);
    doneOneByOne(log, range(1, 2000));
    log.close();
    assertThat(log.next(0)).isNull();
    assertThatThrownBy(() -> log.append(groupOf(1, 1))).hasMessageContaining("closed");
    assertThatThrownBy(() -> log.control(bytes("r"), 1)).hasMessageContaining("closed");
    assertThat(Spools.segments(directory)).isEqualTo(before);
  }

  @Test
  void anInterruptedThreadStaysInterruptedAndTheLogGoesOn() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 100, 10);
      Thread.currentThread().interrupt();
      log.control(bytes("run"), 2);
      fill(log, 100, 10);
      assertThat(readPositions(log)).hasSize(200);
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
        done(log, sequence);
        left.remove((long) sequence);
      }
      assertThat(log.stats().live()).isEqualTo(left.size());
      assertThat(readPositions(log)).containsExactlyElementsOf(left);
    }
    try (SegmentLog log = SegmentLog.open(own, SMALL)) {
      assertThat(readPositions(log)).containsExactlyElementsOf(left);
    }
  }
}
