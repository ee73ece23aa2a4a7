// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.internal.stage.RateLimitedLog;
import io.runtracker.sink.SinkException.Kind;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What is logged of a try that failed: whose fault it seems to be, and what becomes of others. That
 * the server takes nothing is said when that begins, and once an hour. Belongs to the thread that
 * delivers.
 */
final class FailureLog {

  private static final long SAY_AGAIN_NANOS = TimeUnit.HOURS.toNanos(1);

  private final String server;
  private final Blame blame;
  private final RateLimitedLog warnings;
  private final LongSupplier nanoTime;

  /** What was said since the server took something, and when. */
  private final Map<String, Long> said = new HashMap<>();

  /**
   * Logs nothing yet.
   *
   * @param server what it is called in each line
   * @param nanoTime as {@link System#nanoTime}
   */
  FailureLog(String server, Blame blame, RateLimitedLog warnings, LongSupplier nanoTime) {
    this.server = server;
    this.blame = blame;
    this.warnings = warnings;
    this.nanoTime = nanoTime;
  }

  /** The next trouble is another. */
  void somethingPassed() {
    if (!said.isEmpty()) {
      said.clear();
    }
  }

  /** As its {@code toString}, which an exception of a user's may fail in. */
  static String textOf(Throwable failure) {
    try {
      return failure.toString();
    } catch (Throwable ofItsMessage) {
      return failure.getClass().getName();
    }
  }

  void warn(Unit unit, Kind kind, String cause, @Nullable Throwable fault) {
    if (fault != null) {
      warnings.warn(
          "sink fault",
          "A fault while " + unit + " was written to " + server + "; it is tried again",
          fault);
    } else if (blame.isItsFormFailing(unit.tries)) {
      String form = unit.isWindow() ? "windows" : "runs of single requests";
      warnOnce(
          "no " + form,
          server + " takes no " + form + "; they wait until it does, others go on: " + cause);
    } else if (!blame.isShared()) {
      warnings.warn(
          "failing",
          server + " did not take " + unit + "; it is tried again, others go on: " + cause);
    } else if (kind == Kind.UNAUTHORIZED) {
      warnOnce(
          "unauthorized", server + " lets no call in; delivery pauses until it does: " + cause);
    } else if (kind == Kind.UNSUPPORTED && unit.isWindow()) {
      warnOnce(
          "no windows",
          server
              + " takes no windows; delivery pauses until it does. With trackAs AUTO requests would"
              + " be written as runs: "
              + cause);
    } else if (Outcomes.isFinal(kind)) {
      warnOnce(
          "refusing",
          server + " refuses everything; delivery pauses until it takes some: " + cause);
    } else {
      warnOnce("away", server + " is away; delivery goes on by itself: " + cause);
    }
  }

  private void warnOnce(String matter, String message) {
    long now = nanoTime.getAsLong();
    Long before = said.get(matter);
    boolean isDue = before == null || now - before >= SAY_AGAIN_NANOS;
    if (isDue && warnings.warn(matter, message)) {
      said.put(matter, now);
    }
  }
}
