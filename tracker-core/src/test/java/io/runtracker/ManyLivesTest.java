// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.SinkException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Several lives with a sink in trouble, each killed, and damage to one file in one of them: each
 * request is written once. {@code -Dlives.trials=200} makes it a long one, {@code -Dlives.seed}
 * says where it begins.
 */
@Tag("once")
class ManyLivesTest {

  @TempDir Path temporary;
  private final MemoryWindowSink sink = new MemoryWindowSink();

  static Stream<Integer> seeds() {
    int first = Integer.getInteger("lives.seed", 0);
    return Stream.iterate(first, seed -> seed + 1).limit(Integer.getInteger("lives.trials", 30));
  }

  private void trouble(Random random) {
    sink.beforeCreate = window -> strike(random, null);
    sink.afterCreate = window -> noAnswer(random);
    sink.beforeComplete = window -> strike(random, window);
    sink.afterComplete =
        window -> {
          if (roll(random, 4) == 0) {
            Thread.sleep(60_000);
          }
        };
    sink.runs.beforeCreate = event -> strike(random, null);
    sink.runs.afterCreate = event -> noAnswer(random);
    sink.runs.beforeComplete = event -> strike(random, null);
  }

  private static int roll(Random random, int bound) {
    synchronized (random) {
      return random.nextInt(bound);
    }
  }

  /** A run that is there must not be said to be none. */
  private static void noAnswer(Random random) throws SinkException, InterruptedException {
    switch (roll(random, 10)) {
      case 0 -> throw new SinkException(SinkException.Kind.UNKNOWN, "unknown", null);
      case 1 -> throw new SinkException(SinkException.Kind.FAILED, "failed", null);
      case 2 -> Thread.sleep(60_000);
      default -> {}
    }
  }

  private void strike(Random random, RequestWindow window)
      throws SinkException, InterruptedException {
    switch (roll(random, 14)) {
      case 0 -> throw new SinkException(SinkException.Kind.UNAVAILABLE, "away", null);
      case 1 -> throw new SinkException(SinkException.Kind.UNKNOWN, "unknown", null);
      case 2 -> throw new SinkException(SinkException.Kind.FAILED, "failed", null);
      case 3 -> Thread.sleep(60_000);
      case 4, 5 -> {
        if (window != null && window.size() > 1) {
          throw new SinkException(SinkException.Kind.TOO_LARGE, "413", null);
        }
      }
      case 6 -> {
        if (window != null) {
          Optional<String> run = sink.find(window);
          if (run.isPresent()) {
            sink.discard(run.get());
          }
          throw new SinkException(SinkException.Kind.GONE, "gone", null);
        }
      }
      default -> {}
    }
  }

  private static String harm(Path spool, Random random) throws IOException {
    List<Path> files = Harm.victims(spool);
    Path victim = files.get(random.nextInt(files.size()));
    Harm.values()[random.nextInt(Harm.values().length)].strike(victim, random);
    return String.valueOf(victim.getFileName());
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest
  @MethodSource("seeds")
  void each_request_is_written_once(int seed) throws Exception {
    Random random = new Random(seed);
    TrackAs trackAs = TrackAs.values()[seed % 3];
    Path spool = Files.createDirectory(temporary.resolve("spool"));
    int lives = 2 + random.nextInt(4);
    int harmed = seed % 2 == 0 ? -1 : random.nextInt(lives);
    String victim = "none";
    Set<String> safe = new HashSet<>();
    for (int life = 0; life < lives; life++) {
      trouble(random);
      int serve = 10 + random.nextInt(60);
      try (Tracker tracker = Requests.tracker(sink, trackAs, spool).build()) {
        for (int i = 0; i < serve; i++) {
          String path = "/" + life + "/" + i;
          Requests.open(tracker, path).end(i % 10 == 0 ? 500 : 200, null);
          safe.add(path);
        }
        Thread.sleep(40 + random.nextInt(80));
        sinkStops();
        Thread.sleep(60);
        spool = Crash.leaving(spool);
      }
      if (life == harmed) {
        victim = harm(spool, random);
      }
    }
    sink.isWellAgain();
    sink.runs.beforeCreate = event -> {};
    sink.runs.afterCreate = event -> {};
    sink.runs.beforeComplete = event -> {};
    String about = "seed " + seed + " " + trackAs + " lives " + lives + " harm " + harmed + victim;
    Ledger ledger;
    int others = 0; // only while others pass is a window set aside whose run somebody deleted
    try (Tracker tracker = Requests.tracker(sink, trackAs, spool).build()) {
      long deadline = System.nanoTime() + Requests.LONG.toNanos();
      do {
        Requests.serve(tracker, "/other", 1);
        others++;
        ledger = tracker.flush(Duration.ofMillis(50));
      } while (ledger.inFlight() + ledger.spooled() > 0 && System.nanoTime() < deadline);
    }
    assertThat(ledger.inFlight() + ledger.spooled()).as("%s %s", about, ledger).isZero();
    TrackerTest.assertAddsUp(ledger);
    List<String> asRuns = MemoryWindowSink.ids(sink.runs.completed()).stream().distinct().toList();
    assertThat(Stream.concat(asRuns.stream(), sink.inWindows().stream()))
        .as("%s %s", about, ledger)
        .doesNotHaveDuplicates();
    assertThat(MemoryWindowSink.ids(sink.runs.created())).as(about).doesNotHaveDuplicates();
    if (!victim.endsWith(".seg")) {
      long written = sink.written().stream().distinct().count();
      assertThat(ledger.dropped().keySet())
          .as("%s %s", about, ledger)
          .isSubsetOf(DropReason.REFUSED);
      assertThat(written + ledger.droppedTotal())
          .as("%s %s", about, ledger)
          .isEqualTo(safe.size() + others);
      assertThat(ledger.delivered()).as("%s %s", about, ledger).isEqualTo(written);
    }
  }

  /** What is written after the kill counts as not written: nothing is. */
  private void sinkStops() {
    MemoryWindowSink.Fault never =
        window -> {
          throw new SinkException(SinkException.Kind.UNAVAILABLE, "killed", null);
        };
    MemorySink.Fault neither =
        event -> {
          throw new SinkException(SinkException.Kind.UNAVAILABLE, "killed", null);
        };
    sink.beforeCreate = never;
    sink.beforeComplete = never;
    sink.runs.beforeCreate = neither;
    sink.runs.beforeComplete = neither;
  }
}
