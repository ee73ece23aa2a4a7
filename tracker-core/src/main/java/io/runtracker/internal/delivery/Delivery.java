// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.internal.config.Settings;
import io.runtracker.internal.log.Backlog;
import io.runtracker.internal.log.FailPoint;
import io.runtracker.internal.log.Memory;
import io.runtracker.internal.log.SpoolException;
import io.runtracker.internal.stage.Interruption;
import io.runtracker.internal.stage.RateLimitedLog;
import io.runtracker.internal.stage.Stage;
import io.runtracker.sink.Sink;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes units to the sink, several at a time. One thread assembles them, decides what is tried
 * when, and settles what came back; short-lived senders make the calls, which block. Only that one
 * thread touches a unit that is not being sent.
 */
public final class Delivery {

  /** So long an event may wait unread while others come, so that each look finds some. */
  private static final long READ_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** So many bytes are worth a look before that; less where memory holds little. */
  private static final long READ_BYTES = 256 << 10;

  /** So many that wait, some megabytes of memory, are no longer few. */
  private static final int MOST_SUSPECTS = 16_384;

  private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long FAULT_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long LONGEST_STOP_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final Backlog log;
  private final Assembler assembler;
  private final WaitingUnits waiting;
  private final long readBytes;
  private final Circuit circuit;
  private final Blame blame;
  private final SuspectShare suspectShare;
  private final UnitWriter writer;
  private final Senders senders;
  private final Outcomes outcomes;
  private final Consumer<Attempt> cameBack;
  private final Consumer<Attempt> settled = this::settled;
  private final Stage stage;
  private final RateLimitedLog warnings = new RateLimitedLog();

  private long readNanos = System.nanoTime();
  private volatile boolean parked;

  // Of the one thread that calls {@link #appended}.
  private long wokenNanos = System.nanoTime() - READ_PAUSE_NANOS;
  private long bytesSinceWake;

  private volatile boolean stopping;
  private final ServerWatch server;

  Delivery(
      Backlog log,
      Journal journal,
      Assembler assembler,
      Settlement settlement,
      UnsettledUnits units,
      Blame blame,
      Sink sink,
      Drafts drafts,
      Settings settings,
      int inFlight,
      Consumer<FailPoint> failPoints) {
    this.log = log;
    this.assembler = assembler;
    this.waiting = units.waiting();
    this.server = new ServerWatch(sink, log::live);
    this.readBytes = Math.min(READ_BYTES, settings.queueBytes / 8);
    this.circuit = new Circuit(settings.retryDelay, settings.maxRetryDelay);
    this.blame = blame;
    this.suspectShare = new SuspectShare(inFlight, Math.min(settings.queueSize, MOST_SUSPECTS));
    this.writer = new UnitWriter(drafts, log, journal, warnings, failPoints);
    this.senders = new Senders(sink, inFlight, warnings, failPoints);
    this.outcomes =
        new Outcomes(
            journal,
            assembler,
            settlement,
            units,
            settings,
            inFlight,
            circuit,
            blame,
            server,
            warnings);
    this.cameBack = outcomes::cameBack;
    this.stage = new Stage("delivery", this::round, FAULT_PAUSE_NANOS, failPoints);
  }

  public Stage stage() {
    return stage;
  }

  public long retries() {
    return outcomes.retries();
  }

  public boolean isServerAway() {
    return server.isAway();
  }

  public @Nullable String lastError() {
    return outcomes.lastError();
  }

  /**
   * Says that the log has more. Wakes nobody who is awake, and nobody for less than is worth it:
   * waking a thread costs more than the rest of what is done for a request.
   */
  public void appended(long bytes) {
    bytesSinceWake += bytes;
    if (parked) {
      long now = System.nanoTime();
      if (bytesSinceWake >= readBytes || now - wokenNanos >= READ_PAUSE_NANOS) {
        wokenNanos = now;
        bytesSinceWake = 0;
        stage.wake();
      }
    }
  }

  private boolean round() throws SpoolException {
    try {
      if (!stopping) {
        step();
      }
    } catch (Throwable fault) {
      if (!stopping) { // else it may be of the end itself
        throw fault;
      }
    }
    return !stopping;
  }

  private void step() throws SpoolException {
    settleWhatCameBack();
    long before = log.readBelow();
    boolean more = assembler.assemble(System.nanoTime());
    long now = System.nanoTime();
    readNanos = log.readBelow() == before ? readNanos : now;
    long wait = sendWhatIsDue(now);
    if (!more && wait > 0 && !stopping) {
      commit();
      park(Math.min(wait, now - readNanos < IDLE_NANOS ? READ_PAUSE_NANOS : IDLE_NANOS));
    }
  }

  private void park(long nanos) {
    parked = true;
    try {
      if (!stopping && !senders.hasAnyEnded()) {
        LockSupport.parkNanos(this, nanos);
      }
    } finally {
      parked = false;
    }
  }

  /** Makes safe what is known of the deliveries so far. */
  private void commit() {
    Memory memory = log.memory();
    if (memory != null) {
      try {
        memory.commit();
      } catch (SpoolException e) {
        warnings.warn("commit", "The spool cannot be written; it is tried again", e);
      }
    }
  }

  /** Returns after how many nanoseconds there may be more to send. */
  private long sendWhatIsDue(long now) {
    while (true) {
      boolean windowsToo = senders.haveRoomForWindow();
      boolean runsToo = senders.haveRoomForRun();
      Unit unit = next(windowsToo, runsToo, now);
      if (unit == null) {
        return Math.max(1, dueNanos(windowsToo, runsToo, now + IDLE_NANOS) - now);
      }
      // All that takes memory, before anything is changed.
      Attempt attempt = new Attempt(unit, writer, stage::wake);
      long wait = circuit.ask();
      if (wait > 0) {
        return wait;
      }
      attempt.isOnShare = suspectShare.isLeft(senders.suspects(), waiting.suspects(), now);
      waiting.take(unit, now);
      attempt.passedAtStart = blame.allPassed();
      senders.send(attempt);
    }
  }

  private @Nullable Unit next(boolean windowsToo, boolean runsToo, long now) {
    if (circuit.isOpen()) {
      return waiting.dueProbe(windowsToo, runsToo, now);
    }
    Unit suspect = runsToo ? waiting.dueSuspect(now) : null;
    if (suspect != null && suspectShare.isLeft(senders.suspects(), waiting.suspects(), now)) {
      return suspect;
    }
    boolean maySend = mayBeginOther();
    boolean mayRun = runsToo && maySend && !assembler.areWindowsFirst();
    Unit other = waiting.due(windowsToo && maySend, mayRun, now);
    boolean isFree =
        other == null
            && suspect != null
            && suspectShare.mayUseFreePlace(senders.suspects(), suspect.tookNanos);
    return isFree ? suspect : other;
  }

  /** Whether one may be sent that is no suspect. */
  private boolean mayBeginOther() {
    return switch (log.room()) {
      case FOR_ALL -> true;
      case FOR_ONE -> !senders.haveOthers();
      case FOR_JUDGING ->
          !senders.haveOthers() && senders.suspects() == 0 && !waiting.hasSuspectWorthATry();
    };
  }

  /** When the next unit is due, if that is before the deadline. */
  private long dueNanos(boolean windowsToo, boolean runsToo, long deadline) {
    boolean maySend = mayBeginOther();
    boolean otherRunsToo = runsToo && maySend && !assembler.areWindowsFirst();
    long due = waiting.dueNanos(windowsToo && maySend, otherRunsToo, assembler.dueNanos(deadline));
    if (!runsToo) {
      return due;
    }
    long suspectDue = waiting.suspectDueNanos(circuit.isOpen(), deadline);
    if (!circuit.isOpen()) {
      suspectDue =
          suspectShare.dueNanos(senders.suspects(), waiting.suspects(), suspectDue, deadline);
    }
    return Math.min(suspectDue, due);
  }

  private void settleWhatCameBack() {
    if (senders.takeEnded(cameBack, settled)) {
      log.reap(); // behind the counting, so that a ledger taken meanwhile is right
    }
  }

  private void settled(Attempt attempt) {
    if (attempt.isSuspect && attempt.isOnShare) {
      suspectShare.used(attempt.startedNanos, attempt.tookNanos(), waiting.suspects());
    }
  }

  /**
   * Has the sink write what it held back, for as long as there is time.
   *
   * @param kept where an interrupt of the caller goes that is not to end it; null where it is
   */
  public void flushSink(long deadlineNanos, @Nullable Interruption kept) {
    senders.flushSink(deadlineNanos, kept);
  }

  /**
   * Ends every call under way. What is not delivered stays in the log. An interrupt of the caller
   * does not shorten it.
   */
  void stop() {
    try (Interruption interruption = new Interruption()) {
      outcomes.stopping();
      stopping = true;
      stage.wake();
      senders.shutDown();
      long deadline = System.nanoTime() + LONGEST_STOP_NANOS;
      senders.awaitEnd(deadline, interruption);
      stage.join(deadline, interruption);
      if (stage.isOver()) {
        settleWhatCameBack();
      }
    }
  }
}
