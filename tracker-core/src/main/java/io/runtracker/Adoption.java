// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.spool.FailPoint;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

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
  private final RunSink sink;
  private final Consumer<FailPoint> failPoints;
  private final RateLimitedLog warnings = new RateLimitedLog();
  private final Thread thread = Delivery.daemon(this::run, "runtracker-adoption");
  private volatile boolean closing;
  private volatile long waiting;

  Adoption(SpoolDirectory own, Settings settings, RunSink sink, Consumer<FailPoint> failPoints) {
    this.own = own;
    this.settings = settings;
    this.sink = sink;
    this.failPoints = failPoints;
  }

  void start() {
    thread.start();
  }

  /** Requests in the part that is being delivered now. */
  long waiting() {
    return waiting;
  }

  private void run() {
    while (!closing) {
      try {
        SpoolDirectory part = own.abandoned(settings, failPoints);
        if (part != null) {
          deliver(part);
          continue;
        }
      } catch (Throwable fault) {
        warnings.warn(
            "adoption", "A part of the spool cannot be taken over; it is tried again", fault);
      }
      pause(LOOK_NANOS);
    }
  }

  private void deliver(SpoolDirectory part) {
    logger.info("Delivers what another process left in {}", part.path());
    Counts counts = new Counts(() -> 0);
    int few = Math.max(1, settings.inFlight() / SHARE); // the server is to serve our own line too
    Line line = Line.of(part, settings, few, sink, Pipeline.newSource(), counts, failPoints);
    line.delivery().start();
    try {
      line.hurry(line.log().end());
      while (!closing && line.log().live() > 0) {
        waiting = line.log().live();
        pause(WATCH_NANOS);
      }
    } finally {
      waiting = 0;
      line.close();
    }
    logger.info("{} of {} is left in {}", line.log().live(), counts.ledger(), part.path());
  }

  private void pause(long nanos) {
    if (!closing) {
      LockSupport.parkNanos(nanos);
    }
  }

  void close() {
    try (Interruption interruption = new Interruption()) {
      closing = true;
      LockSupport.unpark(thread);
      interruption.join(thread, System.nanoTime() + TimeUnit.SECONDS.toNanos(10));
    }
  }
}
