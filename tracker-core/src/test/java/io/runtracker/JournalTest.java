// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.spool.Group;
import io.runtracker.spool.Log;
import io.runtracker.spool.Positions;
import io.runtracker.spool.SegmentLog;
import io.runtracker.spool.SegmentLogOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {

  private static final int SEGMENT = 64 << 10;
  private static final SegmentLogOptions SMALL =
      SegmentLogOptions.defaults().withSegmentBytes(SEGMENT);

  @TempDir Path directory;

  private static Unit window() {
    return new Unit("window", Unit.Kind.WINDOW, Positions.of(1, 11));
  }

  /** A log, what it remembers, and what that knows of the lives before. */
  private final class Life implements AutoCloseable {
    final Log log;
    final Journal journal;
    final List<Unit> recovered;

    Life() throws IOException {
      log = Log.on(SegmentLog.open(directory, SMALL), 1000, 1 << 20);
      journal = new Journal(log, new Counts(() -> 0));
      recovered = journal.recovered();
    }

    Positions append(int events) {
      Group group = new Group(events, events * 1000);
      for (int i = 0; i < events; i++) {
        group.out().raw(new byte[1000], 0, 1000);
        group.endEvent();
      }
      log.append(group);
      return Positions.of(group.first(), group.end());
    }

    /** Fills segments with what is delivered at once, so that the oldest ones go. */
    void deleteSegments() {
      for (int i = 0; i < 10; i++) {
        Positions delivered = append(SEGMENT / 1000);
        while (log.readBelow() < delivered.end()) {
          try {
            log.next();
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        }
        log.done(delivered, new byte[0]);
        log.reap();
      }
    }

    @Override
    public void close() throws IOException {
      log.close();
    }
  }

  @Test
  void whatIsRememberedOfAUnitDoesNotGrowFromLifeToLife() throws Exception {
    try (Life first = new Life()) {
      first.append(10);
      Unit window = window();
      first.journal.plan(window);
      first.journal.created(window, "run");
    }
    for (int i = 0; i < 8; i++) {
      try (Life life = new Life()) {
        assertThat(life.recovered)
            .singleElement()
            .satisfies(unit -> assertThat(unit.runId).isEqualTo("run"))
            .satisfies(unit -> assertThat(unit.positions).isEqualTo(Positions.of(1, 11)));
        life.deleteSegments();
      }
    }
    try (SegmentLog log = SegmentLog.open(directory, SMALL)) {
      assertThat(log.controls()).hasSizeLessThan(50);
    }
  }

  @Test
  void theLookForASecondRunLeavesItsUnitsPlanInPlace() throws Exception {
    try (Life first = new Life()) {
      first.append(10);
      Unit window = window();
      first.journal.plan(window);
      first.journal.created(window, "run");
      first.journal.sweepLater(window.sweeping());
      first.append(1); // what was left for the next write is written; the window is not settled
    }
    try (Life second = new Life()) {
      assertThat(second.recovered).hasSize(2);
      Unit window = second.recovered.get(0);
      assertThat(window.positions).isEqualTo(Positions.of(1, 11));
      assertThat(window.runId).isEqualTo("run");
      Unit sweep = second.recovered.get(1);
      assertThat(sweep.sweeps).isTrue();
      assertThat(sweep.runId).isEqualTo("run");
    }
  }

  @Test
  void aWindowThatWasHalvedIsOverWhateverBecameOfTheRecordThatSaysSo() throws Exception {
    try (Life first = new Life()) {
      first.append(10);
      Unit whole = window();
      first.journal.plan(whole);
      first.journal.plan(whole.half(0, Positions.of(1, 6)).half(1, Positions.of(3, 6)));
      first.journal.plan(whole.half(1, Positions.of(6, 11)));
    }
    try (Life second = new Life()) {
      assertThat(second.recovered)
          .extracting(unit -> unit.id + " " + unit.positions)
          .containsExactly("window.0.1 3-5", "window.1 6-10");
    }
  }

  @Test
  void aRunThatIsGoneIsLookedUpAgainAfterACrash() throws Exception {
    try (Life first = new Life()) {
      first.append(10);
      Unit window = window();
      first.journal.plan(window);
      first.journal.created(window, "erased");
      window.runId = null;
      first.journal.plan(window); // it is about to be created again
    }
    try (Life second = new Life()) {
      Unit window = second.recovered.get(0);
      assertThat(window.runId).isNull();
      assertThat(window.mayExist).isTrue();
      second.journal.created(window, "again");
    }
    try (Life third = new Life()) {
      Unit window = third.recovered.get(0);
      assertThat(window.runId).isEqualTo("again");
      assertThat(window.mayExist).isFalse();
    }
  }
}
