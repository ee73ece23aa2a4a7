// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import static io.runtracker.internal.log.Spools.SMALL;
import static io.runtracker.internal.log.Spools.fill;
import static io.runtracker.internal.log.Spools.range;
import static io.runtracker.internal.log.Spools.readPositions;
import static io.runtracker.internal.log.Spools.segments;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the lock file remembers of the segments, and what becomes of a spool when it is harmed. */
class DirectoryLockTest {
  private static final int EVENTS = 1000;

  @TempDir Path directory;
  private Path lock;
  private List<Path> files;

  @BeforeEach
  void fillSpool() throws IOException {
    lock = directory.resolve(DirectoryLock.FILE);
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      fill(log, EVENTS, 10);
      log.done(Positions.of(1, 11), new byte[0], 0);
    }
    files = segments(directory);
    assertThat(files).hasSizeGreaterThan(3);
  }

  private static long base(Path segment) {
    return SegmentName.parse(segment.getFileName().toString()).base();
  }

  /** Opens twice: what is missing is told once, and no position comes a second time. */
  private void opensWithout(long first, long end) throws IOException {
    List<Long> left = new ArrayList<>(range(11, EVENTS));
    left.removeIf(position -> position >= first && position < end);
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      RecoveryReport report = log.recovery();
      assertThat(report.lostPositions())
          .startsWith(Positions.of(Math.max(11, first), end).toString());
      assertThat(report.lostEvents()).isEqualTo(end - Math.max(11, first));
      assertThat(report.damaged()).isTrue();
      assertThat(report.liveEvents()).isEqualTo(left.size());
      assertThat(readPositions(log)).isEqualTo(left);
    }
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      assertThat(log.recovery().damaged()).as("told once").isFalse();
      assertThat(log.recovery().liveEvents()).isEqualTo(left.size());
      assertThat(log.stats().next()).isEqualTo(EVENTS + 1);
      assertThat(log.append(Spools.groupOf(1, 1)).first()).isEqualTo(EVENTS + 1);
    }
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      left.add(EVENTS + 1L);
      assertThat(readPositions(log)).isEqualTo(left);
    }
  }

  @Test
  void aRemovedOldestSegmentIsMissed() throws IOException {
    Files.delete(files.get(0));
    // what was done in it nobody knows any more but the segments behind it
    opensWithout(1, base(files.get(1)));
  }

  @Test
  void aRemovedSegmentInTheMiddleIsMissed() throws IOException {
    Files.delete(files.get(1));
    opensWithout(base(files.get(1)), base(files.get(2)));
  }

  @Test
  void aRemovedNewestSegmentIsMissedAndItsPositionsAreNotGivenAgain() throws IOException {
    // the newest of a log that was closed holds the record of what is done, so keep that one
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      log.done(Positions.NONE, new byte[0], 0);
    }
    Path newest = segments(directory).get(segments(directory).size() - 1);
    Files.delete(newest);
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      assertThat(log.recovery().lostPositions()).contains("those from " + (EVENTS + 1) + " on");
      assertThat(readPositions(log)).isEqualTo(range(11, EVENTS));
    }
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      assertThat(log.stats().next()).isEqualTo(EVENTS + 1);
    }
  }

  @Test
  void aRemovedNewestSegmentWithEventsIsMissed() throws IOException {
    long first = base(files.get(files.size() - 1));
    Files.delete(files.get(files.size() - 1));
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      assertThat(log.recovery().lostEvents()).isEqualTo(EVENTS + 1 - first);
      assertThat(log.recovery().damaged()).isTrue();
      assertThat(readPositions(log)).as("the mirror knows").isEqualTo(range(11, first - 1));
    }
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      assertThat(log.recovery().damaged()).isFalse();
      assertThat(log.stats().next()).isEqualTo(EVENTS + 1);
    }
  }

  @Test
  void whenAllSegmentsAreRemovedNoPositionIsGivenAgain() throws IOException {
    for (Path file : files) {
      Files.delete(file);
    }
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      assertThat(log.recovery().lostPositions())
          .isEqualTo("11-" + EVENTS + " and those from " + (EVENTS + 1) + " on");
      assertThat(log.stats().live()).isZero();
      assertThat(readPositions(log)).isEmpty();
    }
    for (int opening = 0; opening < 3; opening++) {
      try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
        assertThat(log.recovery().damaged()).isFalse();
        assertThat(log.stats().live()).isZero();
        assertThat(log.stats().next()).isEqualTo(EVENTS + 1);
      }
    }
  }

  @Test
  void segmentsThatTheLogItselfHasDeletedAreNotMissed() throws IOException {
    for (int opening = 0; opening < 4; opening++) {
      try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
        assertThat(log.recovery().damaged()).isFalse();
        Spools.done(log, Spools.positions(readPositions(log)));
        fill(log, opening * 100, 10);
        for (int i = 0; i < 300; i++) {
          log.ledger(new byte[300]);
          log.commit();
        }
      }
    }
  }

  private void opensWhole() throws IOException {
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      assertThat(log.recovery().damaged()).isFalse();
      assertThat(readPositions(log)).isEqualTo(range(11, EVENTS));
      assertThat(log.append(Spools.groupOf(1, 1)).first()).isEqualTo(EVENTS + 1);
    }
    assertThat(lock).isRegularFile();
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      assertThat(readPositions(log)).isEqualTo(range(11, EVENTS + 1));
    }
  }

  @Test
  void withoutALockFileTheSpoolOpens() throws IOException {
    Files.delete(lock);
    opensWhole();
  }

  @Test
  void aDirectoryInItsPlaceIsMovedAway() throws IOException {
    Files.delete(lock);
    Files.createDirectory(lock);
    Files.writeString(lock.resolve("notes"), "mine");
    opensWhole();
  }

  @Test
  void aPipeInItsPlaceIsMovedAway() throws Exception {
    Files.delete(lock);
    assertThat(new ProcessBuilder("mkfifo", lock.toString()).start().waitFor()).isZero();
    opensWhole();
  }

  @Test
  void aLinkInItsPlaceIsMovedAwayAndWhatItLeadsToIsLeftAlone() throws IOException {
    Path other = Files.writeString(directory.resolve("other"), "mine");
    Files.delete(lock);
    Files.createSymbolicLink(lock, other);
    opensWhole();
    assertThat(other).hasContent("mine");
  }

  @Test
  void aLinkToNothingInItsPlaceIsMovedAway() throws IOException {
    Files.delete(lock);
    Files.createSymbolicLink(lock, directory.resolve("nothing"));
    opensWhole();
  }

  @Test
  void garbageInItSaysNothing() throws IOException {
    byte[] noise = new byte[5000];
    new Random(1).nextBytes(noise);
    Files.write(lock, noise);
    opensWhole();
  }

  @Test
  void linesThatAreNoNamesSayNothing() throws IOException {
    Files.writeString(lock, "runtracker-spool 2\noldest x\nnewest y\nnext z\n");
    opensWhole();
  }

  @Test
  void aNameThatWasChangedSaysNothing() throws IOException {
    byte[] whole = Files.readAllBytes(lock);
    int end = new String(whole, java.nio.charset.StandardCharsets.UTF_8).indexOf("check");
    for (int at = 19; at < end; at += 3) {
      byte[] harmed = whole.clone();
      harmed[at] ^= 1;
      Files.write(lock, harmed);
      try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
        assertThat(log.recovery().damaged()).as("byte %s", at).isFalse();
        assertThat(log.stats().next()).isEqualTo(EVENTS + 1);
      }
    }
  }
}
