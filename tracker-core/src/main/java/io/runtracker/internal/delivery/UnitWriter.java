// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.internal.log.Backlog;
import io.runtracker.internal.log.Backlog.Room;
import io.runtracker.internal.log.FailPoint;
import io.runtracker.internal.log.SpoolException;
import io.runtracker.internal.stage.RateLimitedLog;
import io.runtracker.sink.SinkException;
import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Writes a unit to the sink, as one try: looks for its run where it may exist, remembers what it
 * will write, creates the run, remembers it, completes it. Each sender calls it, for a unit that
 * nobody else touches meanwhile.
 */
final class UnitWriter {

  private final Drafts drafts;
  private final Backlog log;
  private final Journal journal;
  private final RateLimitedLog warnings;
  private final Consumer<FailPoint> failPoints;

  UnitWriter(
      Drafts drafts,
      Backlog log,
      Journal journal,
      RateLimitedLog warnings,
      Consumer<FailPoint> failPoints) {
    this.drafts = drafts;
    this.log = log;
    this.journal = journal;
    this.warnings = warnings;
    this.failPoints = failPoints;
  }

  /**
   * Makes one try.
   *
   * @throws IOException when what it is to write cannot be read
   */
  void write(Unit unit) throws SinkException, InterruptedException, IOException {
    if (unit.sweeps) {
      failPoints.accept(FailPoint.BEFORE_SWEEP);
      drafts.removeDuplicates(Objects.requireNonNull(unit.runId));
      failPoints.accept(FailPoint.AFTER_SWEEP);
    } else if (unit.splits) {
      takeBack(unit);
    } else {
      if (isCompleteAsItWas(unit)) {
        return;
      }
      journal.planRuns(unit);
      String runId = unit.runId;
      if (runId == null) {
        runId = drafts.areRepeatable() ? unit.draft().create() : findOrCreate(unit);
      }
      failPoints.accept(FailPoint.BEFORE_COMPLETE);
      complete(unit, runId);
      failPoints.accept(FailPoint.AFTER_COMPLETE);
    }
  }

  /**
   * Reads what is to be written. What is complete since a life before needs nothing more where not
   * all of it can be read again: a window would be overwritten with the rest.
   *
   * @throws IOException when nothing of it can be read, and it is not known to be complete
   */
  private boolean isCompleteAsItWas(Unit unit)
      throws SinkException, InterruptedException, IOException {
    try {
      unit.prepare(drafts, log);
    } catch (SpoolException notNow) {
      throw notNow;
    } catch (IOException gone) {
      if (isKnownToBeComplete(unit)) {
        return true;
      }
      throw gone;
    }
    return !unit.leftOut.isEmpty() && isKnownToBeComplete(unit);
  }

  private boolean isKnownToBeComplete(Unit unit) throws SinkException, InterruptedException {
    if (!unit.mayBeComplete) {
      return false;
    }
    boolean staysAsItIs = true; // also as long as there is no answer
    try {
      if (unit.runId == null && unit.mayExist && unit.isWindow()) {
        unit.runId = drafts.find(unit.describedById()).orElse(null);
      }
      staysAsItIs = unit.runId != null && drafts.isComplete(unit.runId);
      return staysAsItIs;
    } finally {
      if (staysAsItIs) {
        unit.isWholeAgain();
      }
    }
  }

  private void complete(Unit unit, String runId) throws SinkException, InterruptedException {
    boolean isKnown = false;
    unit.contentWasSent = true;
    try {
      unit.draft().complete(runId);
      isKnown = true;
    } catch (SinkException e) {
      isKnown = !mayHaveTakenEffect(e);
      boolean isAbsent = e.kind() == SinkException.Kind.UNAVAILABLE;
      if (isAbsent || !mayBeForgotten(unit) || !isCompleteElseBegunAnew(unit, runId, isKnown)) {
        throw e;
      }
    } finally {
      unit.mayBeComplete |= !isKnown && unit.runId != null;
    }
  }

  /** Where there is little room to remember runs; of one that is there twice all is needed. */
  private boolean mayBeForgotten(Unit unit) {
    return log.room() != Room.FOR_ALL && !unit.isWindow() && !unit.isRepeated;
  }

  /**
   * A run that failed is created again for its next try.
   *
   * @param isKnown whether it is known not to be complete
   * @return whether it is complete after all
   */
  private boolean isCompleteElseBegunAnew(Unit run, String runId, boolean isKnown)
      throws InterruptedException {
    try {
      if (!isKnown && drafts.isComplete(runId)) {
        return true;
      }
      drafts.discard(runId);
      run.runIsGone();
      journal.forget(run);
    } catch (SinkException e) {
      // it stays remembered, and may be taken back after the next try
    }
    return false;
  }

  private static boolean mayHaveTakenEffect(SinkException failure) {
    SinkException.Kind kind = failure.kind();
    return kind == SinkException.Kind.UNKNOWN || kind == SinkException.Kind.FAILED;
  }

  /** Takes a window's run back, so that its parts can have theirs. */
  private void takeBack(Unit window) throws SinkException, InterruptedException, SpoolException {
    if (window.runId == null && window.mayExist) {
      failPoints.accept(FailPoint.BEFORE_FIND);
      window.runId = drafts.find(window.describedById()).orElse(null);
      failPoints.accept(FailPoint.AFTER_FIND);
    }
    String runId = window.runId;
    if (runId != null) {
      journal.takingBack(window, runId);
      failPoints.accept(FailPoint.BEFORE_DISCARD);
      drafts.discard(runId);
      failPoints.accept(FailPoint.AFTER_DISCARD);
    }
  }

  private String findOrCreate(Unit unit) throws SinkException, InterruptedException, IOException {
    String runId = findOrCreateUnremembered(unit);
    unit.runId = runId; // whatever fails from here on, it is not created again
    failPoints.accept(FailPoint.BEFORE_CREATED);
    try {
      journal.created(unit, runId);
    } catch (SpoolException e) {
      // After a crash now it is looked up, because it was planned.
      warnings.warn("created", "What was begun cannot be remembered now; it is tried again", e);
    }
    failPoints.accept(FailPoint.AFTER_CREATED);
    return runId;
  }

  private String findOrCreateUnremembered(Unit unit)
      throws SinkException, InterruptedException, IOException {
    if (unit.mayExist) {
      failPoints.accept(FailPoint.BEFORE_FIND);
      Optional<String> found = unit.draft().find();
      failPoints.accept(FailPoint.AFTER_FIND);
      if (found.isPresent()) {
        return found.get();
      }
      unit.mayExist = false;
      unit.mayBeComplete = false;
      unit.isRepeated = true;
    }
    failPoints.accept(FailPoint.BEFORE_PLAN);
    journal.plan(unit);
    failPoints.accept(FailPoint.AFTER_PLAN);
    boolean answered = false;
    try {
      failPoints.accept(FailPoint.BEFORE_CREATE);
      String runId = unit.draft().create();
      failPoints.accept(FailPoint.AFTER_CREATE);
      answered = true;
      return runId;
    } catch (SinkException e) {
      answered = !mayHaveTakenEffect(e);
      if (answered && mayBeForgotten(unit)) {
        journal.forget(unit);
      }
      throw e;
    } finally {
      if (!answered) {
        unit.mayExist = true;
      }
    }
  }
}
