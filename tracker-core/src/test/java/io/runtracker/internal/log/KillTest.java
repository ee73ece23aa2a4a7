// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import static io.runtracker.internal.log.Spools.SMALL;
import static io.runtracker.internal.log.Spools.groupOf;
import static io.runtracker.internal.log.Spools.payload;
import static io.runtracker.internal.log.Spools.readAll;
import static io.runtracker.internal.log.Spools.segments;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KillTest {
  @TempDir Path directory;

  /** Appends and delivers until it is killed; says what is safe once it is. */
  static final class Child {
    private static final Map<Long, byte[]> OPEN = new TreeMap<>();
    private static final List<Long> LATER = new ArrayList<>();

    public static void main(String[] args) throws IOException {
      Random random = new Random();
      try (SegmentLog log = SegmentLog.open(Path.of(args[0]), SMALL)) {
        Positions live = log.live();
        for (byte[] control : log.controls()) {
          long position = ByteBuffer.wrap(control).getLong();
          if (live.contains(position)) {
            OPEN.put(position, control);
          }
        }
        log.snapshotFrom(() -> List.copyOf(OPEN.values()));
        for (int round = 0; round < 100_000; round++) {
          int n = 1 + random.nextInt(60);
          long first = log.stats().next();
          log.append(groupOf(first, n));
          say("a " + first + " " + n);
          for (int i = random.nextInt(80); i > 0; i--) {
            deliver(log, random);
          }
        }
      }
    }

    private static void deliver(SegmentLog log, Random random) throws IOException {
      SpooledEvent event = log.next(0);
      if (event == null) {
        return;
      }
      long position = event.position();
      if (!OPEN.containsKey(position)) {
        byte[] control = control(position);
        OPEN.put(position, control);
        log.control(control, position + 1);
        say("c " + position);
      }
      if (position % STRAGGLER == 0) {
        return;
      }
      LATER.add(position);
      if (random.nextInt(20) > 0) {
        finish(log, LATER.remove(LATER.size() - 1), position + 1);
      } else if (LATER.size() > 3) {
        finish(log, LATER.remove(0), position + 1);
      }
    }

    private static void finish(SegmentLog log, long position, long readBelow) {
      OPEN.remove(position);
      say("d " + position);
      log.done(Positions.of(position), new byte[] {1}, readBelow);
    }

    private static void say(String line) {
      System.out.println(line + " .");
      System.out.flush();
    }
  }

  /** Of so many events one is never done, and so carried from file to file. */
  private static final int STRAGGLER = 97;

  private final Set<Long> appended = new HashSet<>();
  private final Set<Long> done = new HashSet<>();
  private final Set<Long> controlled = new HashSet<>();
  private int carried;

  private static byte[] control(long position) {
    return ByteBuffer.allocate(8).putLong(position).array();
  }

  @Test
  void everythingAcknowledgedIsThereAfterEachOfTwentyKills() throws Exception {
    Random random = new Random(3);
    for (int kill = 0; kill < 20; kill++) {
      runAndKill(20 + random.nextInt(3000));
      try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
        check(readAll(log), log.controls(), kill);
        assertThat(log.recovery().lostEvents()).isZero();
        carried += isCarried(log, STRAGGLER) ? 1 : 0;
      }
    }
    assertThat(done).isNotEmpty();
    assertThat(carried).isGreaterThan(5);
  }

  private boolean isCarried(SegmentLog log, long position) {
    SegmentName oldest = SegmentName.parse(segments(directory).get(0).getFileName().toString());
    return log.live().contains(position) && oldest.base() > position;
  }

  private void check(Map<Long, byte[]> found, List<byte[]> controls, int kill) {
    for (long sequence : appended) {
      if (!done.contains(sequence)) {
        assertThat(found).as("kill %s", kill).containsKey(sequence);
      }
    }
    Set<Long> known = new HashSet<>();
    controls.forEach(control -> known.add(ByteBuffer.wrap(control).getLong()));
    found.forEach(
        (position, bytes) -> {
          assertThat(bytes).isEqualTo(payload(position));
          if (controlled.contains(position)) {
            assertThat(known).as("kill %s", kill).contains(position);
          }
        });
  }

  private void runAndKill(int lines) throws Exception {
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Child.class.getName(),
                directory.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader said =
        new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
      int read = 0;
      for (String line = said.readLine(); line != null; line = said.readLine()) {
        if (line.endsWith(" .")) { // a line may be cut by the kill
          hear(line);
        }
        if (++read == lines) {
          // the handle's, because the process's own also closes the stream with what was said
          child.toHandle().destroyForcibly();
        }
      }
    } catch (IOException e) {
      // the stream of a killed process may end like this
    } finally {
      child.destroyForcibly();
      child.waitFor();
    }
  }

  private void hear(String line) {
    String[] words = line.split(" ");
    long sequence = Long.parseLong(words[1]);
    switch (words[0]) {
      case "a" -> appended.addAll(Spools.range(sequence, sequence + Long.parseLong(words[2]) - 1));
      case "c" -> controlled.add(sequence);
      default -> done.add(sequence);
    }
  }
}
