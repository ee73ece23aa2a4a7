// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.spool.FailPoint;
import io.runtracker.spool.Log;
import io.runtracker.spool.SpoolException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** From a log to the sink: what assembles its events, and what delivers them. */
record Line(Log log, Assembler assembler, Delivery delivery, Counts counts, Journal journal) {

  /**
   * Puts a line together; it starts when delivery does. Where that fails, the directory is free for
   * another process again.
   *
   * @param directory where the log is, or null for one on the heap
   * @param inFlight the most runs that it writes at the same time
   */
  static Line of(
      @Nullable SpoolDirectory directory,
      Settings settings,
      int inFlight,
      RunSink sink,
      String source,
      Counts counts,
      Consumer<FailPoint> failPoints) {
    boolean isMade = false;
    try {
      Line made = made(directory, settings, inFlight, sink, source, counts, failPoints);
      isMade = true;
      return made;
    } finally {
      if (!isMade && directory != null) {
        directory.release();
      }
    }
  }

  private static Line made(
      @Nullable SpoolDirectory directory,
      Settings settings,
      int inFlight,
      RunSink sink,
      String source,
      Counts counts,
      Consumer<FailPoint> failPoints) {
    TrackAs trackAs = trackAs(settings, sink);
    Log log =
        directory == null
            ? Log.onHeap(settings.queueSize(), settings.queueBytes(), failPoints)
            : Log.on(directory.log(), settings.queueSize(), settings.queueBytes(), failPoints);
    Journal journal = new Journal(log, counts);
    Assembler assembler =
        new Assembler(
            log,
            journal,
            settings,
            inFlight,
            trackAs,
            sink instanceof WindowSink windows ? windows : null,
            source,
            counts,
            directory == null ? null : new SetAsideFiles(directory.path()),
            new RateLimitedLog(),
            failPoints);
    Delivery delivery = new Delivery(log, journal, assembler, sink, settings, inFlight, failPoints);
    return new Line(log, assembler, delivery, counts, journal);
  }

  private static TrackAs trackAs(Settings settings, RunSink sink) {
    if (sink instanceof WindowSink) {
      return settings.trackAs();
    }
    if (settings.trackAs() == TrackAs.WINDOW) {
      throw new IllegalArgumentException(
          "trackAs is WINDOW, but " + sink.getClass().getName() + " is no WindowSink");
    }
    return TrackAs.RUN;
  }

  /** Sends what is below a position as soon as it can be, because somebody waits for it. */
  void hurry(long below) {
    assembler.hurry(below);
    delivery.stage().wake();
  }

  /** Ends delivery; what is on no disk then is lost, and counted. */
  void close() {
    try {
      delivery.stop();
    } finally {
      closeLog();
    }
  }

  private void closeLog() {
    try {
      journal.writeLedger();
      log.close();
    } catch (SpoolException e) {
      QuietLogger.ofTracker()
          .warn("The spool could not be closed cleanly; nothing that is in it is lost", e);
    }
    counts.dropped(DropReason.SHUTDOWN, log.onHeapAlone());
  }
}
