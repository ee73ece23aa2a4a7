// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.DropReason;
import io.runtracker.TrackAs;
import io.runtracker.internal.config.Settings;
import io.runtracker.internal.log.Backlog;
import io.runtracker.internal.log.FailPoint;
import io.runtracker.internal.log.Log;
import io.runtracker.internal.log.SpoolException;
import io.runtracker.internal.stage.Counts;
import io.runtracker.internal.stage.Daemon;
import io.runtracker.internal.stage.Interruption;
import io.runtracker.internal.stage.QuietLogger;
import io.runtracker.internal.stage.RateLimitedLog;
import io.runtracker.sink.BatchSink;
import io.runtracker.sink.RunSink;
import io.runtracker.sink.Sink;
import io.runtracker.sink.WindowSink;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** From a log to the sink: what assembles its events, and what delivers them. */
public record Line(
    Backlog log,
    Drafts drafts,
    Assembler assembler,
    Delivery delivery,
    Counts counts,
    Journal journal) {

  private static final long LONGEST_CLOSE_NANOS = TimeUnit.SECONDS.toNanos(5);

  private static final QuietLogger logger = QuietLogger.ofTracker();

  /** The log of a directory or, where that is null, one on the heap. */
  public static Log logIn(
      @Nullable SpoolDirectory directory, Settings settings, Consumer<FailPoint> failPoints) {
    return directory == null
        ? Log.onHeap(settings.queueSize, settings.queueBytes, failPoints)
        : Log.on(directory.log(), settings.queueSize, settings.queueBytes, failPoints);
  }

  /**
   * Puts a line together that begins with a {@link #logIn}. Where that fails, the directory is free
   * for another process again.
   */
  public static Line of(
      @Nullable SpoolDirectory directory,
      Log log,
      Settings settings,
      int inFlight,
      Sink sink,
      String source,
      Counts counts,
      Consumer<FailPoint> failPoints) {
    boolean isMade = false;
    try {
      String id = directory == null ? source : directory.id(source);
      SetAside setAside = directory == null ? null : new SetAsideFiles(directory.path());
      Line line = of(log, id, setAside, settings, inFlight, sink, source, counts, failPoints);
      isMade = true;
      return line;
    } finally {
      if (!isMade && directory != null) {
        directory.release();
      }
    }
  }

  /**
   * Puts a line together; it starts when delivery does. Longer than others: it names each part of
   * the line and what it is given.
   *
   * @param logId what a sink knows the log by that asks for it
   * @param setAside null where what is set aside is kept nowhere
   * @param inFlight the most runs that it writes at the same time
   * @param source what the names of its windows begin with
   */
  public static Line of(
      Backlog log,
      String logId,
      @Nullable SetAside setAside,
      Settings settings,
      int inFlight,
      Sink sink,
      String source,
      Counts counts,
      Consumer<FailPoint> failPoints) {
    TrackAs trackAs = trackAs(settings, sink);
    Drafts drafts = drafts(sink, log, logId);
    Journal journal = new Journal(log, counts);
    RateLimitedLog warnings = new RateLimitedLog();
    UnsettledUnits units = new UnsettledUnits(log, settings);
    Blame blame = new Blame(settings.maxTries, inFlight);
    WindowMode mode = new WindowMode(trackAs, settings.autoThreshold, settings.queueSize, inFlight);
    Assembler assembler =
        new Assembler(
            log,
            journal,
            settings,
            units,
            blame,
            mode,
            inFlight,
            drafts,
            source,
            counts,
            warnings,
            failPoints);
    Settlement settlement =
        new Settlement(log, journal, units, mode, setAside, settings, warnings, failPoints);
    Delivery delivery =
        new Delivery(
            log,
            journal,
            assembler,
            settlement,
            units,
            blame,
            sink,
            drafts,
            settings,
            inFlight,
            failPoints);
    return new Line(log, drafts, assembler, delivery, counts, journal);
  }

  private static Drafts drafts(Sink sink, Backlog log, String logId) {
    return sink instanceof BatchSink batches
        ? new BatchDrafts(batches.open(logId), log)
        : new RunDrafts((RunSink) sink);
  }

  private static TrackAs trackAs(Settings settings, Sink sink) {
    if (sink instanceof BatchSink) {
      return TrackAs.WINDOW; // who reads the batches decides what becomes of them
    }
    if (sink instanceof WindowSink) {
      return settings.trackAs;
    }
    if (settings.trackAs == TrackAs.WINDOW) {
      throw new IllegalArgumentException(
          "trackAs is WINDOW, but " + sink.getClass().getName() + " is no WindowSink");
    }
    return TrackAs.RUN;
  }

  /** May hold so many bytes in windows, and as many in runs, where other lines share the heap. */
  public void mayHold(long bytes) {
    assembler.mayHold(bytes);
  }

  /** Sends what is below a position as soon as it can be, because somebody waits for it. */
  public void hurry(long below) {
    assembler.hurry(below);
    delivery.stage().wake();
  }

  /**
   * Ends delivery; what is on no disk then is lost, and counted. Where the disk hangs nobody knows
   * what is on it, and that stays in flight.
   */
  public void close() {
    try {
      delivery.stop();
      drafts.close();
    } finally {
      if (log.memory() == null) {
        closeLog();
      } else {
        closeLogWhileTheDiskAnswers();
      }
    }
  }

  /** A disk may hang for ever, and so would the JVM that waits for it. */
  private void closeLogWhileTheDiskAnswers() {
    FutureTask<Boolean> close = new FutureTask<>(this::closeLog, true);
    Thread closing = Daemon.of(close, "runtracker-closing");
    try {
      closing.start();
    } catch (OutOfMemoryError noThread) {
      close.run();
    }
    try (Interruption interruption = new Interruption()) {
      interruption.join(closing, System.nanoTime() + LONGEST_CLOSE_NANOS);
      if (close.isDone()) {
        throwFaultOf(close);
      } else {
        logger.warn(
            "The spool's disk does not answer, so the spool is left as by a process that was"
                + " killed; the next start delivers what is in it",
            null);
      }
    }
  }

  /** As if it had been closed on this thread. */
  private static void throwFaultOf(FutureTask<Boolean> close) {
    try {
      close.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw new IllegalStateException(e.getCause());
    }
  }

  private void closeLog() {
    try {
      journal.writeLedger();
      log.close();
    } catch (SpoolException e) {
      logger.warn("The spool could not be closed cleanly; nothing that is in it is lost", e);
    }
    counts.dropped(DropReason.SHUTDOWN, log.onHeapAlone());
  }
}
