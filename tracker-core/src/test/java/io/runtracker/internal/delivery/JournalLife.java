// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.internal.log.Group;
import io.runtracker.internal.log.Log;
import io.runtracker.internal.log.Positions;
import io.runtracker.internal.log.SegmentLog;
import io.runtracker.internal.log.SegmentLogOptions;
import io.runtracker.internal.stage.Counts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A log of small segments, what its journal remembers, and what that knows of the lives before. */
final class JournalLife implements AutoCloseable {

  static final int SEGMENT = 64 << 10;
  static final SegmentLogOptions SMALL = SegmentLogOptions.defaults().withSegmentBytes(SEGMENT);

  private static final int EVENT = 1_000;

  final Log log;
  final Journal journal;
  final List<Unit> recovered;

  JournalLife(Path directory) throws IOException {
    log = Log.on(SegmentLog.open(directory, SMALL), 1000, 1 << 20);
    journal = new Journal(log, new Counts(() -> 0));
    recovered = journal.recovered();
  }

  /** A window of the first ten events, none of which need be there yet. */
  static Unit window() {
    return new Unit("window", Unit.Kind.WINDOW, Positions.of(1, 11));
  }

  /** That window, planned, and with a run of this id. */
  Unit begunWindow(String runId) throws IOException {
    Unit window = window();
    journal.plan(window);
    journal.created(window, runId);
    return window;
  }

  Positions append(int events) {
    Group group = new Group(events, events * EVENT);
    for (int i = 0; i < events; i++) {
      group.out().raw(new byte[EVENT], 0, EVENT);
      group.endEvent();
    }
    log.append(group);
    return Positions.of(group.first(), group.end());
  }

  /** Fills segments with what is delivered at once, so that the oldest ones go. */
  void deleteSegments() throws IOException {
    for (int i = 0; i < 10; i++) {
      Positions delivered = append(SEGMENT / EVENT);
      while (log.readBelow() < delivered.end()) {
        log.next();
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
