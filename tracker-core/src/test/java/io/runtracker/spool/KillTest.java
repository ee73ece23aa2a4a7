// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spool;

import static io.runtracker.spool.Spools.SMALL;
import static io.runtracker.spool.Spools.payload;
import static io.runtracker.spool.Spools.payloads;
import static io.runtracker.spool.Spools.pollAll;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KillTest {
  @TempDir Path directory;

  /** Appends and delivers until it is killed; says what is safe once it is. */
  static final class Child {
    public static void main(String[] args) throws IOException {
      Random random = new Random();
      try (SegmentLog log = SegmentLog.open(Path.of(args[0]), SMALL)) {
        for (int round = 0; round < 100_000; round++) {
          int n = 1 + random.nextInt(60);
          long first = log.stats().nextSequence();
          log.append(payloads(first, n));
          say("a " + first + " " + n);
          for (int i = random.nextInt(80); i > 0; i--) {
            deliver(log, random);
          }
        }
      }
    }

    private static void deliver(SegmentLog log, Random random) throws IOException {
      SpooledEvent event = log.poll();
      if (event == null) {
        return;
      }
      if (event.runId() == null) {
        log.created(event.sequence(), "run-" + event.sequence());
        say("c " + event.sequence());
      }
      if (random.nextInt(50) == 0) {
        log.giveBack(event.sequence());
      } else {
        say("d " + event.sequence());
        log.done(event.sequence());
      }
    }

    private static void say(String line) {
      System.out.println(line + " .");
      System.out.flush();
    }
  }

  private final Set<Long> appended = new HashSet<>();
  private final Set<Long> done = new HashSet<>();
  private final Map<Long, String> created = new HashMap<>();

  @Test
  void everythingAcknowledgedIsThereAfterEachOfTwentyKills() throws Exception {
    Random random = new Random(3);
    for (int kill = 0; kill < 20; kill++) {
      runAndKill(20 + random.nextInt(3000));
      try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
        check(pollAll(log), kill);
        assertThat(log.recovery().lostEvents()).isZero();
      }
    }
    assertThat(done).isNotEmpty();
  }

  private void check(Map<Long, SpooledEvent> found, int kill) {
    for (long sequence : appended) {
      if (!done.contains(sequence)) {
        assertThat(found).as("kill %s", kill).containsKey(sequence);
      }
    }
    for (SpooledEvent event : found.values()) {
      long sequence = event.sequence();
      assertThat(event.payload()).isEqualTo(payload(sequence));
      if (created.containsKey(sequence)) {
        assertThat(event.runId()).as("kill %s", kill).isEqualTo(created.get(sequence));
      }
    }
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
      case "c" -> created.put(sequence, "run-" + sequence);
      default -> done.add(sequence);
    }
  }
}
