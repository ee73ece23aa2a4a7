// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import static io.runtracker.internal.log.Spools.SMALL;
import static io.runtracker.internal.log.Spools.fill;
import static io.runtracker.internal.log.Spools.payload;
import static io.runtracker.internal.log.Spools.range;
import static io.runtracker.internal.log.Spools.readAll;
import static io.runtracker.internal.log.Spools.segments;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Any file of a spool is harmed in any way: it opens, and what was not harmed is there once. */
@Tag("once")
class SpoolDamageTest {
  private static final int TRIALS = 500;

  @TempDir Path directory;
  private Path whole;

  /** Events that wait, events that were carried, and done ones between them. */
  private final Set<Long> live = new TreeSet<>();

  /** Of each file, the events that go with it. */
  private final Map<String, Set<Long>> held = new java.util.HashMap<>();

  private enum Harm {
    EMPTY,
    ZERO,
    CUT,
    FLIP,
    GARBAGE,
    LARGE_GARBAGE,
    DIRECTORY,
    PIPE,
    LINK_TO_NULL,
    LINK_TO_NOTHING,
    LINK_TO_SEGMENT,
    OTHER_VERSION,
    REMOVE
  }

  @BeforeEach
  void fillSpool() throws IOException {
    whole = directory.resolve("whole");
    try (SegmentLog log = SegmentLog.open(whole, SMALL)) {
      log.snapshotFrom(() -> List.of(new byte[] {7}));
      fill(log, 2000, 10);
      readAll(log);
      live.addAll(range(1, 2000));
      List<Long> done = new ArrayList<>(range(1, 1300));
      done.removeIf(position -> position % 40 == 1);
      live.removeAll(done);
      log.done(Spools.positions(done), new byte[] {1, 2, 3}, 2001);
      log.control(new byte[] {8}, 2001);
      fill(log, 100, 10);
      live.addAll(range(2001, 2100));
    }
    Path first = segments(whole).get(0);
    Path second = segments(whole).get(1);
    Files.write(first, flipped(Files.readAllBytes(first), new Random(1))); // so damaged/ is there
    Files.write(second, flipped(Files.readAllBytes(second), new Random(2)));
    try (SegmentLog log = SegmentLog.open(whole, SMALL)) {
      live.retainAll(readAll(log).keySet());
    }
    assertThat(live).contains(1L, 41L);
    for (Path segment : segments(whole)) {
      held.put(segment.getFileName().toString(), heldBy(segment));
    }
  }

  private static byte[] flipped(byte[] bytes, Random random) {
    bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
    return bytes;
  }

  private static Set<Long> heldBy(Path segment) throws IOException {
    Set<Long> held = new HashSet<>();
    SegmentName name = SegmentName.parse(segment.getFileName().toString());
    ByteBuffer window = ByteBuffer.allocateDirect(4096);
    try (RecordScanner scanner =
        new RecordScanner(
            new NioFileSystem().open(segment, false), name, window, false, (from, to) -> {})) {
      while (scanner.next(Files.size(segment))) {
        if (scanner.kind() == Format.EVENT || scanner.kind() == Format.CARRIED) {
          held.add(scanner.sequence());
        }
      }
    }
    return held;
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    }
  }

  private static List<Path> files(Path spool) throws IOException {
    try (Stream<Path> files = Files.walk(spool)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static void harm(Path file, Harm harm, Random random, Path spool) throws Exception {
    byte[] bytes = Files.readAllBytes(file);
    Files.delete(file);
    switch (harm) {
      case EMPTY -> Files.write(file, new byte[0]);
      case ZERO -> Files.write(file, new byte[bytes.length]);
      case CUT -> Files.write(file, Arrays.copyOf(bytes, random.nextInt(bytes.length + 1)));
      case FLIP -> {
        for (int i = random.nextInt(20); i >= 0 && bytes.length > 0; i--) {
          flipped(bytes, random);
        }
        Files.write(file, bytes);
      }
      case GARBAGE, LARGE_GARBAGE -> {
        byte[] noise = new byte[harm == Harm.GARBAGE ? random.nextInt(100_000) : 4 << 20];
        random.nextBytes(noise);
        Files.write(file, noise);
      }
      case DIRECTORY -> {
        Files.createDirectory(file);
        Files.write(file.resolve("in it"), bytes);
      }
      case PIPE ->
          assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor()).isZero();
      case LINK_TO_NULL -> Files.createSymbolicLink(file, Path.of("/dev/null"));
      case LINK_TO_NOTHING -> Files.createSymbolicLink(file, spool.resolve("nothing"));
      case LINK_TO_SEGMENT -> {
        List<Path> others = segments(spool);
        Files.createSymbolicLink(file, others.get(random.nextInt(others.size())));
      }
      case OTHER_VERSION -> {
        ByteBuffer header = ByteBuffer.wrap(Format.segmentHeader(new SegmentName(3, 3, 3)));
        header.putInt(8, random.nextBoolean() ? 1 : 99);
        java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
        crc.update(header.array(), 0, 60);
        Files.write(file, header.putInt(60, (int) crc.getValue()).array());
      }
      case REMOVE -> {}
    }
  }

  private void opens(Path spool, Set<Long> harmed, String what) throws IOException {
    Set<Long> expected = new TreeSet<>(live);
    expected.removeAll(harmed);
    long next;
    try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
      Map<Long, byte[]> found = readAll(log);
      found.forEach((position, bytes) -> assertThat(bytes).as(what).isEqualTo(payload(position)));
      assertThat(found.keySet()).as(what).containsAll(expected);
      assertThat(log.live()).as(what).isEqualTo(Spools.positions(found.keySet()));
      next = log.stats().next();
      assertThat(next).as(what).isEqualTo(2101);
      fill(log, 7, 3);
      assertThat(readAll(log).keySet()).as(what).containsExactlyElementsOf(range(next, next + 6));
      expected.addAll(found.keySet());
      expected.addAll(range(next, next + 6));
    }
    try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
      assertThat(log.recovery().lostEvents()).as("counted once, %s", what).isZero();
      Map<Long, byte[]> found = readAll(log);
      assertThat(found.keySet()).as(what).containsExactlyElementsOf(expected);
      found.forEach((position, bytes) -> assertThat(bytes).as(what).isEqualTo(payload(position)));
      Spools.done(log, Spools.positions(found.keySet()));
      assertThat(log.stats().live()).as(what).isZero();
    }
    try (SegmentLog log = SegmentLog.open(spool, SMALL)) {
      assertThat(readAll(log)).as(what).isEmpty();
      assertThat(log.stats().next()).as(what).isEqualTo(next + 7);
    }
  }

  private void trials(int from, int to) throws Exception {
    for (int trial = from; trial < to; trial++) {
      Random random = new Random(trial);
      Path spool = directory.resolve("spool" + trial);
      copy(whole, spool);
      List<Path> files = files(spool);
      Path victim = files.get(trial % files.size());
      Harm harm = Harm.values()[random.nextInt(Harm.values().length)];
      harm(victim, harm, random, spool);
      Set<Long> harmed = held.getOrDefault(victim.getFileName().toString(), Set.of());
      String what = "trial " + trial + ": " + harm + " " + spool.relativize(victim);
      opens(spool, harmed, what);
    }
  }

  @Test
  @Timeout(300) // a pipe that is opened waits for ever
  void whateverHappensToAFileTheRestOfTheSpoolIsReadOnce() throws Exception {
    trials(0, TRIALS);
  }
}
