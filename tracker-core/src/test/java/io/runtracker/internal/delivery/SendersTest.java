// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.internal.log.FailPoint;
import io.runtracker.internal.log.Log;
import io.runtracker.internal.log.Positions;
import io.runtracker.internal.stage.Counts;
import io.runtracker.internal.stage.RateLimitedLog;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A call counts as under way until it is handed over, so none of these has to last. */
class SendersTest {

  private static final int IN_FLIGHT = 4;

  private final SometimesAwaySink sink = new SometimesAwaySink();
  private final RateLimitedLog warnings = new RateLimitedLog();
  private final Log log = Log.onHeap(10, 1000);
  private final Journal journal = new Journal(log, new Counts(() -> 0));
  private final UnitWriter writer =
      new UnitWriter(new RunDrafts(sink), log, journal, warnings, FailPoint.NOBODY);
  private final Senders senders = new Senders(sink, IN_FLIGHT, warnings, FailPoint.NOBODY);

  @AfterEach
  void end() {
    senders.shutDown();
  }

  private void send(Unit.Kind kind, int times) {
    for (int i = 0; i < times; i++) {
      senders.send(new Attempt(new Unit("unit", kind, Positions.of(1)), writer, () -> {}));
    }
  }

  @Test
  void three_windows_are_written_at_once_where_a_run_leaves_its_place() {
    send(Unit.Kind.RUN, IN_FLIGHT - 1);
    send(Unit.Kind.WINDOW, 2);
    assertThat(senders.haveRoomForWindow()).isTrue();
    send(Unit.Kind.WINDOW, 1);
    assertThat(senders.haveRoomForWindow()).isFalse();
    assertThat(senders.haveRoomForRun()).isFalse();
  }

  @Test
  void beside_all_runs_two_windows_are_written() {
    send(Unit.Kind.RUN, IN_FLIGHT);
    assertThat(senders.haveRoomForRun()).isFalse();
    assertThat(senders.haveRoomForWindow()).isTrue();
    send(Unit.Kind.WINDOW, 2);
    assertThat(senders.haveRoomForWindow()).isFalse();
  }
}
