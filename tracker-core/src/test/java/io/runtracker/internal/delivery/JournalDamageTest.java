// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.Crash;
import io.runtracker.internal.log.Positions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is known of units where a segment is damaged and the mirror was begun a moment before. */
class JournalDamageTest {

  @TempDir Path temporary;
  private Path directory;

  @BeforeEach
  void makeDirectory() throws IOException {
    directory = Files.createDirectory(temporary.resolve("spool"));
  }

  private static List<Path> files(Path directory, String suffix) throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.filter(file -> file.toString().endsWith(suffix)).sorted().toList();
    }
  }

  /** Until the mirror is as large as it gets, so that the next record begins a new one. */
  private void fillMirror(JournalLife life, Unit other) throws IOException {
    life.journal.plan(other);
    Path mirror = files(directory, ".mirror").get(0);
    for (int i = 0; Files.size(mirror) < 256 << 10; i++) {
      life.journal.created(other, "run-" + i + "x".repeat(1000));
    }
  }

  private static void zero(Path file) throws IOException {
    Files.write(file, new byte[(int) Files.size(file)]);
  }

  @Test
  void theHalvesOfAWindowAreKnownWhereTheSegmentThatSaysSoIsDamaged() throws Exception {
    try (JournalLife first = new JournalLife(directory)) {
      first.append(11);
      Unit window = first.begunWindow("run");
      fillMirror(first, Unit.runOf(11));
      first.append(60); // a new segment
      Unit one = window.part(0, Positions.of(1, 6), new Tries(true));
      Unit two = window.part(1, Positions.of(6, 11), new Tries(true));
      first.journal.split(window, List.of(one, two));
      first.journal.created(one, "half-one"); // both are in the sink when the process is killed
      first.journal.created(two, "half-two");
    }
    List<Path> segments = files(directory, ".seg");
    zero(segments.get(segments.size() - 1));
    try (JournalLife second = new JournalLife(directory)) {
      assertThat(second.recovered)
          .filteredOn(Unit::isWindow)
          .extracting(unit -> unit.id + " " + unit.positions + " " + unit.runId)
          .containsExactly("window.0 1-5 half-one", "window.1 6-10 half-two");
    }
  }

  @Test
  void aWindowThatIsBeingSettledIsKnownWhereTheSegmentWithItsPlanIsDamaged() throws Exception {
    Path crashed;
    Path withPlan;
    try (JournalLife first = new JournalLife(directory)) {
      first.append(11);
      first.append(60);
      Unit window = first.begunWindow("run");
      withPlan = files(directory, ".seg").get(1);
      assertThat(files(directory, ".seg")).hasSize(2);
      fillMirror(first, Unit.runOf(11));
      Thread delivery = new Thread(() -> first.journal.settle(window, null));
      first.journal.settling.lock(); // as a flush does that looks whether all is settled
      try {
        delivery.start();
        await().until(() -> first.journal.settling.hasQueuedThread(delivery));
        first.journal.plan(Unit.runOf(12)); // a sender
        crashed = Crash.leaving(directory);
      } finally {
        first.journal.settling.unlock();
      }
      delivery.join();
    }
    zero(crashed.resolve(withPlan.getFileName()));
    try (JournalLife second = new JournalLife(crashed)) {
      assertThat(second.log.disk().live().and(Positions.of(1, 11)).size()).isEqualTo(10);
      assertThat(second.recovered)
          .filteredOn(Unit::isWindow)
          .extracting(unit -> unit.id + " " + unit.positions + " " + unit.runId)
          .containsExactly("window 1-10 run");
    }
  }
}
