// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import static io.runtracker.DropReason.REFUSED;

import io.runtracker.DropReason;
import io.runtracker.internal.config.Settings;
import io.runtracker.internal.log.SpoolException;
import io.runtracker.internal.stage.RateLimitedLog;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a unit when a try to write it has ended: it is delivered, tried again, taken
 * apart or set aside. For delivery's thread, but for what is asked of it.
 */
final class Outcomes {

  private static final long SET_ASIDE_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(30);

  /** Then its run stays where it is, unfinished. */
  private static final int MOST_TRIES_TO_TAKE_BACK = 3;

  private static final long UNPLANNED_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** So many tries that fail in a row, of calls that the server answers, let one call probe. */
  private static final int MOST_FAILURES_THAT_OPEN = 12;

  private final Journal journal;
  private final Settlement settlement;
  private final UnsettledUnits units;
  private final Retries retries;
  private final FailedWindows windows;
  private final int failuresThatOpen;
  private final Circuit circuit;
  private final Blame blame;
  private final ServerWatch server;
  private final RateLimitedLog warnings;
  private final FailureLog failures;

  private volatile boolean stopping;
  private volatile @Nullable String lastError;

  Outcomes(
      Journal journal,
      Assembler assembler,
      Settlement settlement,
      UnsettledUnits units,
      Settings settings,
      int inFlight,
      Circuit circuit,
      Blame blame,
      ServerWatch server,
      RateLimitedLog warnings) {
    this.journal = journal;
    this.settlement = settlement;
    this.units = units;
    this.retries = new Retries(units.waiting(), blame, settings);
    this.windows = new FailedWindows(assembler.size(), settlement, units, blame, retries);
    this.failuresThatOpen = Math.max(2, Math.min(inFlight, MOST_FAILURES_THAT_OPEN));
    this.circuit = circuit;
    this.blame = blame;
    this.server = server;
    this.warnings = warnings;
    this.failures = new FailureLog(server.name(), blame, warnings, System::nanoTime);
  }

  /** What ends from now on was interrupted because delivery ends. */
  void stopping() {
    stopping = true;
  }

  long retries() {
    return retries.count();
  }

  @Nullable String lastError() {
    return lastError;
  }

  void cameBack(Attempt attempt) {
    Unit unit = attempt.unit;
    unit.tookNanos = attempt.tookNanos();
    if (attempt.isCounted) { // a fault kept it from being put back
      retryUnlessSettled(unit);
      return;
    }
    attempt.isCounted = true;
    try {
      if (unit.isLeftOutWhole()) { // its requests may be in its run
        circuit.released(attempt.startedNanos);
        unit.isWholeAgain();
        windows.becomesRuns(unit);
        return;
      }
      if (!unit.leftOut.isEmpty()) {
        settlement.partWith(unit);
      }
      ended(attempt, attempt.failure());
    } catch (SpoolException e) {
      circuit.released(attempt.startedNanos);
      warnings.warn("split", "A window cannot be taken apart now; it is tried again", e);
      retryUnlessSettled(unit);
    } catch (Throwable fault) {
      circuit.released(attempt.startedNanos);
      warnings.warn("settle", "A fault while settling " + unit.id + "; it is tried again", fault);
      retryUnlessSettled(unit);
    }
  }

  private void ended(Attempt attempt, @Nullable Throwable failure) throws SpoolException {
    Unit unit = attempt.unit;
    if (!attempt.begun || (failure instanceof InterruptedException && stopping)) {
      circuit.released(attempt.startedNanos);
      retries.after(unit, 0);
    } else if (failure == null) {
      passed(unit, attempt.startedNanos);
    } else if (failure instanceof SpoolException) {
      circuit.released(attempt.startedNanos);
      warnings.warn(
          "spool",
          "What is to be sent cannot be read or remembered now; it is tried again",
          failure);
      retries.after(unit, UNPLANNED_NANOS);
    } else if (failure instanceof IOException) {
      circuit.released(attempt.startedNanos);
      setAside(unit, DropReason.DAMAGED, String.valueOf(failure.getMessage()));
    } else {
      failed(attempt, failure);
    }
  }

  private void retryUnlessSettled(Unit unit) {
    if (unit.sweeps || units.contains(unit)) {
      retries.after(unit, UNPLANNED_NANOS);
    }
  }

  private void passed(Unit unit, long startedNanos) throws SpoolException {
    if (unit.sweeps || unit.splits) { // says nothing of whether the sink takes requests
      circuit.released(startedNanos);
      if (unit.sweeps) {
        journal.giveUp(unit);
      } else {
        windows.split(unit);
      }
      return;
    }
    blame.passed(unit.tries);
    units.waiting().othersPassed(unit.kind);
    boolean isBack = server.passed();
    failures.somethingPassed();
    if (circuit.succeeded() || isBack) {
      units.waiting().hasteBack();
    }
    if (unit.isWindow()) {
      windows.passed(unit);
    }
    settlement.delivered(unit, System.nanoTime());
  }

  private void failed(Attempt attempt, Throwable failure) throws SpoolException {
    Unit unit = attempt.unit;
    long startedNanos = attempt.startedNanos;
    SinkException told = failure instanceof SinkException e ? e : null;
    Kind kind = told == null ? Kind.FAILED : told.kind();
    String cause = told == null ? FailureLog.textOf(failure) : String.valueOf(told.getMessage());
    lastError = told == null ? "a fault of the sink: " + cause : cause;
    if (unit.splits && kind != Kind.UNAVAILABLE) { // it says nothing of the requests, nor of others
      circuit.released(startedNanos);
      unit.takingBackFailed++;
      failedBeside(unit, kind, cause);
      return;
    }
    if (kind == Kind.UNSUPPORTED && windows.isRefusedAsSuch(unit, cause)) {
      circuit.released(startedNanos); // whatever is in a window
      windows.becomesRuns(unit);
      return;
    }
    Tries tries = unit.splits ? unit.triesToTakeBack : unit.tries;
    boolean isAlone = unit.size() == 1 && !unit.splits;
    boolean othersPass = blame.failed(tries, isAlone, attempt.passedAtStart);
    boolean isAway = kind == Kind.UNAVAILABLE;
    int beyondChance = isAway ? Math.max(2, failuresThatOpen / 2) : failuresThatOpen;
    if (blame.isSharedBeyondChance(beyondChance)) {
      circuit.failed(startedNanos, isAway, told == null ? null : told.retryAfter());
    } else {
      circuit.released(startedNanos);
    }
    server.isAway(circuit.isPausing() || blame.isNothingPassing());
    failures.warn(unit, kind, cause, told == null ? failure : null);
    if (unit.sweeps || unit.splits) {
      failedBeside(unit, kind, cause);
    } else if (unit.isWindow() && unit.size() > 1) {
      windows.failed(unit, kind, othersPass);
    } else if (windows.isBetterJudgedAsRun(unit, kind, othersPass)) {
      windows.becomesRuns(unit);
    } else {
      requestFailed(unit, kind, told == null ? DropReason.DELIVERY_FAULT : REFUSED, cause);
    }
  }

  /** A look for a second run failed, or the taking back of a run whose window is split. */
  private void failedBeside(Unit unit, Kind kind, String cause) throws SpoolException {
    boolean isOver =
        isFinal(kind)
            || kind == Kind.GONE
            || unit.takingBackFailed >= MOST_TRIES_TO_TAKE_BACK
            || blame.isGuilty(unit.splits ? unit.triesToTakeBack : unit.tries, false);
    if (!isOver) {
      retries.later(unit);
    } else if (unit.sweeps) {
      journal.giveUp(unit);
    } else if (unit.mayBeComplete && kind != Kind.GONE) { // its requests would be there twice
      warnings.warn("discard", "A run that may be complete cannot be taken back yet: " + cause);
      retries.later(unit);
    } else {
      warnings.warn("discard", "A run that is not completed cannot be taken back: " + cause);
      windows.split(unit);
    }
  }

  private void requestFailed(Unit unit, Kind kind, DropReason reason, String cause) {
    if (kind != Kind.UNAVAILABLE || unit.tries.areSuspect()) {
      units.standAside(unit);
    }
    if (kind == Kind.GONE) {
      unit.runIsGone();
    }
    if (blame.isGuilty(unit.tries, isFinal(kind))) {
      setAside(unit, reason, cause);
    } else {
      retries.later(unit);
    }
  }

  /** Whether the same call would never pass, if it is the unit's fault and not the sink's. */
  static boolean isFinal(Kind kind) {
    return kind == Kind.REFUSED || kind == Kind.TOO_LARGE || kind == Kind.UNSUPPORTED;
  }

  private void setAside(Unit unit, DropReason reason, String cause) {
    String what = unit.toString();
    if (unit.sweeps) {
      journal.giveUp(unit);
    } else if (settlement.setAside(unit, reason, cause)) {
      warnings.warn("set aside", "Set aside as " + reason + ": " + what + ": " + cause);
    } else {
      retries.after(unit, SET_ASIDE_AGAIN_NANOS);
    }
  }
}
