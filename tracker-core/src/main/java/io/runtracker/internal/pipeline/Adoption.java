// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.pipeline;

import io.runtracker.internal.config.Settings;
import io.runtracker.internal.delivery.Line;
import io.runtracker.internal.delivery.SpoolDirectory;
import io.runtracker.internal.log.FailPoint;
import io.runtracker.internal.log.Log;
import io.runtracker.internal.stage.Counts;
import io.runtracker.internal.stage.Interruption;
import io.runtracker.internal.stage.QuietLogger;
import io.runtracker.internal.stage.RateLimitedLog;
import io.runtracker.internal.stage.Stage;
import io.runtracker.sink.Sink;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Delivers what processes have left in their parts of a shared spool directory and will not come
 * back for, as after a deployment with fewer of them. One part at a time; each has a line of its
 * own, so that its plans and its ledger go on as if its process had come back.
 */
final class Adoption {

  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(30);
  private static final long WATCH_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final int SHARE = 4;
  private static final QuietLogger logger = QuietLogger.ofTracker();

  private final SpoolDirectory own;
  private final Settings settings;
  private final Sink sink;
  private final Consumer<FailPoint> failPoints;
  private final RateLimitedLog warnings = new RateLimitedLog();
  private final Stage stage;

  /** The part that is being delivered now, or that a thread which died has left. */
  private @Nullable Line taken;

  private volatile boolean closing;
  private volatile long waiting;

  Adoption(SpoolDirectory own, Settings settings, Sink sink, Consumer<FailPoint> failPoints) {
    this.own = own;
    this.settings = settings;
    this.sink = sink;
    this.failPoints = failPoints;
    this.stage = new Stage("adoption", this::round, WATCH_NANOS, failPoints);
  }

  Stage stage() {
    return stage;
  }

  /** Requests in the part that is being delivered now. */
  long waiting() {
    return waiting;
  }

  private boolean round() {
    boolean isDone = false;
    try {
      giveBack();
      SpoolDirectory part = closing ? null : own.abandoned(settings, failPoints);
      if (part != null) {
        deliver(part);
        isDone = true;
      }
    } catch (Throwable fault) {
      warnings.warn(
          "adoption", "A part of the spool cannot be taken over; it is tried again", fault);
    }
    if (!isDone) {
      pause(LOOK_NANOS);
    }
    return !closing;
  }

  private void deliver(SpoolDirectory part) {
    logger.info("Delivers what another process left in {}", part.path());
    Counts counts = new Counts(() -> 0);
    int few = Math.max(1, settings.inFlight / SHARE); // the server is to serve our own line too
    Log log = Line.logIn(part, settings, failPoints);
    Line line = Line.of(part, log, settings, few, sink, Pipeline.newSource(), counts, failPoints);
    taken = line;
    try {
      line.delivery().stage().start();
      line.hurry(line.log().end());
      while (!closing && line.log().live() > 0) {
        waiting = line.log().live();
        pause(WATCH_NANOS);
      }
    } finally {
      giveBack();
    }
    logger.info("{} of {} is left in {}", line.log().live(), counts.ledger(), part.path());
  }

  /** What is left in the part is anybody's again, as this one's when it looks next. */
  private void giveBack() {
    waiting = 0;
    if (taken != null) {
      taken.close();
      taken = null;
    }
  }

  private void pause(long nanos) {
    if (!closing) {
      Thread.interrupted(); // what failed may have set it, and then no park would wait
      LockSupport.parkNanos(nanos);
    }
  }

  void close() {
    try (Interruption interruption = new Interruption()) {
      closing = true;
      stage.wake();
      stage.join(System.nanoTime() + TimeUnit.SECONDS.toNanos(10), interruption);
      if (stage.isOver()) {
        giveBack(); // unless it has
      }
    }
  }
}
