// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.internal.log.Positions;
import io.runtracker.internal.log.SegmentLog;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {

  @TempDir Path directory;

  @Test
  void whatIsRememberedOfAUnitDoesNotGrowFromLifeToLife() throws Exception {
    try (JournalLife first = new JournalLife(directory)) {
      first.append(10);
      first.begunWindow("run");
    }
    for (int i = 0; i < 8; i++) {
      try (JournalLife life = new JournalLife(directory)) {
        assertThat(life.recovered)
            .singleElement()
            .satisfies(unit -> assertThat(unit.runId).isEqualTo("run"))
            .satisfies(unit -> assertThat(unit.positions).isEqualTo(Positions.of(1, 11)));
        life.deleteSegments();
      }
    }
    try (SegmentLog log = SegmentLog.open(directory, JournalLife.SMALL)) {
      assertThat(log.controls()).hasSizeLessThan(50);
    }
  }

  @Test
  void thePlansOfManyRunsTakeTwoBytesEachWhenTheyAreWrittenAgain() throws Exception {
    int runs = 300;
    try (JournalLife first = new JournalLife(directory)) {
      first.append(3 * runs);
      for (int i = 0; i < runs; i++) {
        first.journal.plan(Unit.runOf(3 * i + 1));
      }
      List<byte[]> snapshot = first.journal.snapshot();
      assertThat(snapshot.stream().mapToInt(record -> record.length).sum())
          .isLessThan(2 * runs + 20);
      first.deleteSegments();
    }
    try (JournalLife second = new JournalLife(directory)) {
      assertThat(second.recovered)
          .hasSize(runs)
          .allSatisfy(run -> assertThat(run.id).isEqualTo("r" + run.positions.first()))
          .allSatisfy(run -> assertThat(run.mayExist).isTrue());
    }
  }

  @Test
  void theLookForASecondRunLeavesItsUnitsPlanInPlace() throws Exception {
    try (JournalLife first = new JournalLife(directory)) {
      first.append(10);
      Unit window = first.begunWindow("run");
      first.journal.sweepLater(window.sweeping());
      first.append(1); // what was left for the next write is written; the window is not settled
    }
    try (JournalLife second = new JournalLife(directory)) {
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
    try (JournalLife first = new JournalLife(directory)) {
      first.append(10);
      Unit whole = JournalLife.window();
      first.journal.plan(whole);
      first.journal.plan(
          whole
              .part(0, Positions.of(1, 6), new Tries(true))
              .part(1, Positions.of(3, 6), new Tries(true)));
      first.journal.plan(whole.part(1, Positions.of(6, 11), new Tries(true)));
    }
    try (JournalLife second = new JournalLife(directory)) {
      assertThat(second.recovered)
          .extracting(unit -> unit.id + " " + unit.positions)
          .containsExactly("window.0.1 3-5", "window.1 6-10");
    }
  }

  @Test
  void thatARunWasCreatedASecondTimeOutlivesACrash() throws Exception {
    try (JournalLife first = new JournalLife(directory)) {
      Unit window = windowToBeCreatedAgain(first);
      first.journal.created(window, "second");
      first.append(1);
    }
    for (int life = 0; life < 2; life++) {
      try (JournalLife next = new JournalLife(directory)) {
        assertThat(next.recovered)
            .singleElement()
            .satisfies(unit -> assertThat(unit.runId).isEqualTo("second"))
            .satisfies(unit -> assertThat(unit.isRepeated).isTrue());
      }
    }
  }

  @Test
  void aRunThatIsGoneIsLookedUpAgainAfterACrash() throws Exception {
    try (JournalLife first = new JournalLife(directory)) {
      first.append(10);
      Unit window = first.begunWindow("erased");
      window.runId = null;
      first.journal.plan(window); // it is about to be created again
    }
    try (JournalLife second = new JournalLife(directory)) {
      Unit window = second.recovered.get(0);
      assertThat(window.runId).isNull();
      assertThat(window.mayExist).isTrue();
      second.journal.created(window, "again");
    }
    try (JournalLife third = new JournalLife(directory)) {
      Unit window = third.recovered.get(0);
      assertThat(window.runId).isEqualTo("again");
      assertThat(window.mayExist).isFalse();
    }
  }

  @Test
  void whatAWindowIsWrittenWithoutIsARunInTheNextLifeAndTheWindowIsOver() throws Exception {
    try (JournalLife first = new JournalLife(directory)) {
      first.append(10);
      Unit window = first.begunWindow("run");
      leaveOut(window, Positions.of(3).plus(Positions.of(7)));
      first.journal.planRuns(window);
      first.journal.settle(window, null);
    }
    try (JournalLife second = new JournalLife(directory)) {
      assertThat(second.recovered).extracting(unit -> unit.id).containsExactly("r3", "r7");
    }
  }

  private static void leaveOut(Unit window, Positions some) {
    window.leftOut = some;
    window.positions = window.positions.minus(some);
  }

  @Test
  void whatAWindowIsWrittenWithoutIsNoLongerPlannedWithIt() throws Exception {
    try (JournalLife first = new JournalLife(directory)) {
      first.append(10);
      Unit window = first.begunWindow("run");
      leaveOut(window, Positions.of(3));
      first.journal.planRuns(window);
      first.journal.forget(Unit.runOf(3));
      String planned = new String(window.positions.encode(), ISO_8859_1);
      assertThat(first.journal.snapshot())
          .extracting(record -> new String(record, ISO_8859_1))
          .anyMatch(record -> record.contains("window") && record.endsWith(planned));
    }
  }

  private static Unit windowToBeCreatedAgain(JournalLife life) throws Exception {
    life.append(10);
    Unit window = JournalLife.window();
    life.journal.plan(window);
    window.isRepeated = true; // a look-up has found nothing
    life.journal.plan(window);
    return window;
  }

  @Test
  void thatARunMayBeCreatedASecondTimeIsRememberedBeforeItIs() throws Exception {
    try (JournalLife first = new JournalLife(directory)) {
      windowToBeCreatedAgain(first);
    }
    try (JournalLife second = new JournalLife(directory)) {
      assertThat(second.recovered)
          .singleElement()
          .satisfies(unit -> assertThat(unit.isRepeated).isTrue())
          .satisfies(unit -> assertThat(unit.mayExist).isTrue());
    }
  }

  @Test
  void aWindowOfALifeBeforeMayBeComplete() throws Exception {
    try (JournalLife first = new JournalLife(directory)) {
      first.append(10);
      first.begunWindow("run");
    }
    try (JournalLife second = new JournalLife(directory)) {
      assertThat(second.recovered).singleElement().matches(window -> window.mayBeComplete);
    }
  }

  @Test
  void aWindowThatWasBeingTakenBackIsTakenBackInTheNextLife() throws Exception {
    try (JournalLife first = new JournalLife(directory)) {
      first.append(10);
      Unit window = first.begunWindow("run");
      window.splitBecauseOfItsSize();
      first.journal.takingBack(window, "run");
    }
    for (int i = 0; i < 2; i++) { // also of what was copied
      try (JournalLife life = new JournalLife(directory)) {
        Unit window = life.recovered.get(0);
        assertThat(window.splits).isTrue();
        assertThat(window.becomesRuns).isFalse();
        assertThat(window.runId).isEqualTo("run");
        assertThat(window.parts()).hasSizeGreaterThan(1);
        life.deleteSegments();
      }
    }
  }

  @Test
  void aWindowThatWasBecomingRunsBecomesRunsInTheNextLife() throws Exception {
    try (JournalLife first = new JournalLife(directory)) {
      first.append(10);
      Unit window = first.begunWindow("run");
      window.splitIntoRuns();
      first.journal.takingBack(window, "run");
    }
    try (JournalLife second = new JournalLife(directory)) {
      assertThat(second.recovered).singleElement().matches(window -> window.becomesRuns);
    }
  }
}
