// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.internal.stage.RateLimitedLog;
import io.runtracker.sink.SinkException.Kind;
import org.jspecify.annotations.Nullable;

/** What is logged of a try that failed: whose fault it seems to be, and what becomes of others. */
final class FailureLog {

  private final String server;
  private final Blame blame;
  private final RateLimitedLog warnings;

  /**
   * Logs nothing yet.
   *
   * @param server what it is called in each line
   */
  FailureLog(String server, Blame blame, RateLimitedLog warnings) {
    this.server = server;
    this.blame = blame;
    this.warnings = warnings;
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
    } else if (!blame.isShared()) {
      warnings.warn(
          "failing",
          server + " did not take " + unit + "; it is tried again, others go on: " + cause);
    } else if (kind == Kind.UNAUTHORIZED) {
      warnings.warn(
          "unauthorized", server + " lets no call in; delivery pauses until it does: " + cause);
    } else if (kind == Kind.UNSUPPORTED && unit.isWindow()) {
      warnings.warn(
          "no windows",
          server
              + " takes no windows; delivery pauses until it does. With trackAs AUTO requests would"
              + " be written as runs: "
              + cause);
    } else if (Outcomes.isFinal(kind)) {
      warnings.warn(
          "refusing",
          server + " refuses everything; delivery pauses until it takes some: " + cause);
    } else {
      warnings.warn("away", server + " is away; delivery goes on by itself: " + cause);
    }
  }
}
