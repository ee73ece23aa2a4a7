// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import static io.runtracker.internal.log.Spools.SEGMENT;
import static io.runtracker.internal.log.Spools.SMALL;
import static io.runtracker.internal.log.Spools.done;
import static io.runtracker.internal.log.Spools.doneOneByOne;
import static io.runtracker.internal.log.Spools.fill;
import static io.runtracker.internal.log.Spools.group;
import static io.runtracker.internal.log.Spools.readPositions;
import static io.runtracker.internal.log.Spools.segments;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.internal.log.SegmentLog.Appended;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SegmentSpaceTest {

  private static final SegmentLogOptions OF_FOUR_SEGMENTS =
      new SegmentLogOptions(SMALL.segmentBytes(), 4L * SEGMENT, SMALL.durability());

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

  @Test
  void aFullSegmentIsFollowedByAnother() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 2000, 10);
      assertThat(segments(directory)).hasSizeGreaterThan(5);
      for (Path segment : segments(directory)) {
        assertThat(Files.size(segment)).isLessThanOrEqualTo(SEGMENT);
      }
      assertThat(log.stats().bytes()).isEqualTo(bytesOnDisk());
      assertThat(log.stats().segments()).isEqualTo(segments(directory).size());
    }
  }

  @Test
  void segmentsAreA64thOfTheQuotaButNeitherSmallNorLarge() {
    assertThat(SegmentLogOptions.ofQuota(8 << 20).segmentBytes()).isEqualTo(4 << 20);
    assertThat(SegmentLogOptions.ofQuota(512 << 20).segmentBytes()).isEqualTo(8 << 20);
    assertThat(SegmentLogOptions.ofQuota(1L << 40).segmentBytes()).isEqualTo(16 << 20);
  }

  @Test
  void aDrainedLogIsSmallerThanASegment() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 5000, 50);
      doneOneByOne(log, readPositions(log));
      assertThat(segments(directory)).hasSize(1);
      assertThat(bytesOnDisk()).isLessThanOrEqualTo(SEGMENT).isEqualTo(log.stats().bytes());
    }
  }

  @Test
  void theLedgerIsCarriedIntoNewSegments() throws IOException {
    try (SegmentLog log = open()) {
      log.ledger(new byte[] {7});
      fill(log, 3000, 10);
      doneOneByOne(log, readPositions(log));
      assertThat(segments(directory)).hasSize(1);
    }
    try (SegmentLog log = open()) {
      assertThat(log.ledger()).isEqualTo(new byte[] {7});
    }
  }

  @Test
  void ledgersAloneDoNotFillTheDiskBehindAnEventThatStays() throws IOException {
    try (SegmentLog log = open()) {
      fill(log, 1, 1);
      for (int i = 0; i < 2000; i++) {
        log.ledger(new byte[300]);
        log.commit();
      }
      assertThat(bytesOnDisk()).isLessThan(3L * SEGMENT);
      assertThat(readPositions(log)).containsExactly(1L);
    }
  }

  @Test
  void theQuotaRefusesTheEventsThatDoNotFit() throws IOException {
    try (SegmentLog log = SegmentLog.open(directory, OF_FOUR_SEGMENTS)) {
      List<byte[]> group = Collections.nCopies(50, new byte[1000]);
      Appended last = log.append(group(group));
      while (last.refused() == 0) {
        last = log.append(group(group));
      }
      assertThat(last.accepted()).isLessThan(50);
      assertThat(last.accepted() + last.refused()).isEqualTo(50);
      assertThat(log.append(group(group))).isEqualTo(new Appended(log.stats().next(), 0, 50));
      assertThat(bytesOnDisk()).isLessThanOrEqualTo(4L * SEGMENT);
      assertThat(readPositions(log)).hasSize((int) log.stats().live());
    }
  }

  @Test
  void deliveryOfAFullLogStaysWithinTheQuotaAndMakesRoom() throws IOException {
    try (SegmentLog log = SegmentLog.open(directory, OF_FOUR_SEGMENTS)) {
      List<byte[]> group = Collections.nCopies(64, new byte[10]);
      while (log.append(group(group)).refused() == 0) {
        // go on
      }
      List<Long> all = readPositions(log);
      for (long position : all.subList(1, all.size())) {
        log.control("0123456789abcdef0123456789abcdef".getBytes(UTF_8), position + 1);
        done(log, position);
      }
      assertThat(bytesOnDisk()).isLessThanOrEqualTo(4L * SEGMENT);
      done(log, all.get(0));
      assertThat(bytesOnDisk()).isLessThanOrEqualTo(SEGMENT);
      assertThat(log.append(group(group)).refused()).isZero();
    }
  }
}
