// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import static io.runtracker.DropReason.REFUSED;

import io.runtracker.DropReason;
import io.runtracker.internal.config.Settings;
import io.runtracker.internal.log.FailPoint;
import io.runtracker.internal.log.Log;
import io.runtracker.internal.log.SegmentLog;
import io.runtracker.internal.log.SpoolException;
import io.runtracker.internal.stage.Daemon;
import io.runtracker.internal.stage.Interruption;
import io.runtracker.internal.stage.RateLimitedLog;
import io.runtracker.internal.stage.Stage;
import io.runtracker.sink.RunSink;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes units to the sink, several at a time. One thread assembles them, decides what is tried
 * when, and settles what came back; short-lived senders make the calls, which block. Only that one
 * thread touches a unit that is not being sent.
 */
public final class Delivery {

  /** Each of them holds all its rows; more than may be closed, for those that are read again. */
  private static final int MOST_WINDOWS = Assembler.MOST_WINDOWS + 1;

  /** So long an event may wait unread while others come, so that each look finds some. */
  private static final long READ_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** So many bytes are worth a look before that; less where memory holds little. */
  private static final long READ_BYTES = 256 << 10;

  /** So many that wait, some megabytes of memory, are no longer few. */
  private static final int MOST_SUSPECTS = 16_384;

  /** So many tries that fail in a row, of calls that the server answers, let one call probe. */
  private static final int MOST_FAILURES_THAT_OPEN = 12;

  private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long FAULT_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long LONGEST_STOP_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final long SET_ASIDE_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(30);
  private static final long UNPLANNED_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Log log;
  private final Journal journal;
  private final Assembler assembler;
  private final RunSink sink;
  private final Settings settings;
  private final int inFlight;
  private final int failuresThatOpen;
  private final long readBytes;
  private final Circuit circuit;
  private final Blame blame;
  private final SuspectShare suspectShare;
  private final UnitWriter writer;
  private final ThreadPoolExecutor senders;
  private final Stage stage;
  private final RateLimitedLog warnings = new RateLimitedLog();

  /** What is being sent. */
  private final List<Attempt> underWay;

  private int runsUnderWay;
  private int suspectsUnderWay;
  private long readNanos = System.nanoTime();
  private final LongAdder retries = new LongAdder();
  private volatile boolean parked;

  // Of the one thread that calls {@link #appended}.
  private long wokenNanos = System.nanoTime() - READ_PAUSE_NANOS;
  private long bytesSinceWake;

  private volatile boolean stopping;
  private final ServerWatch server;
  private volatile @Nullable String lastError;

  Delivery(
      Log log,
      Journal journal,
      Assembler assembler,
      RunSink sink,
      Settings settings,
      int inFlight,
      Consumer<FailPoint> failPoints) {
    this.log = log;
    this.journal = journal;
    this.assembler = assembler;
    this.sink = sink;
    this.server = new ServerWatch(sink, log::live);
    this.settings = settings;
    this.inFlight = inFlight;
    this.failuresThatOpen = Math.max(2, Math.min(inFlight, MOST_FAILURES_THAT_OPEN));
    this.readBytes = Math.min(READ_BYTES, settings.queueBytes / 8);
    this.circuit = new Circuit(settings.retryDelay, settings.maxRetryDelay);
    this.blame = new Blame(settings.maxTries, inFlight);
    this.suspectShare = new SuspectShare(inFlight, Math.min(settings.queueSize, MOST_SUSPECTS));
    this.writer = new UnitWriter(sink, log, journal, warnings, failPoints);
    int most = inFlight + MOST_WINDOWS + 1; // one for a flush of the sink
    this.underWay = new ArrayList<>(most); // so that memory is never short for one more
    this.senders =
        new ThreadPoolExecutor(
            most,
            most,
            5,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            work -> {
              failPoints.accept(FailPoint.BEFORE_SENDER);
              return Daemon.of(work, "runtracker-sender");
            });
    senders.allowCoreThreadTimeOut(true);
    this.stage = new Stage("delivery", this::round, FAULT_PAUSE_NANOS, failPoints);
  }

  public Stage stage() {
    return stage;
  }

  public long retries() {
    return retries.sum();
  }

  public boolean isServerAway() {
    return server.isAway();
  }

  public @Nullable String lastError() {
    return lastError;
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
      if (!stopping && underWay.stream().noneMatch(attempt -> attempt.ended)) {
        LockSupport.parkNanos(this, nanos);
      }
    } finally {
      parked = false;
    }
  }

  /** Makes safe what is known of the deliveries so far. */
  private void commit() {
    SegmentLog disk = log.disk();
    if (disk != null) {
      try {
        disk.commit();
      } catch (SpoolException e) {
        warnings.warn("commit", "The spool cannot be written; it is tried again", e);
      }
    }
  }

  /** Returns after how many nanoseconds there may be more to send. */
  private long sendWhatIsDue(long now) {
    while (true) {
      boolean windowsToo = underWay.size() - runsUnderWay - suspectsUnderWay < MOST_WINDOWS;
      boolean runsToo = runsUnderWay + suspectsUnderWay < inFlight;
      Unit unit = next(windowsToo, runsToo, now);
      if (unit == null) {
        long due = assembler.dueNanos(windowsToo, runsToo, now + IDLE_NANOS);
        return Math.max(1, (runsToo ? suspectDueNanos(due) : due) - now);
      }
      Attempt attempt = new Attempt(unit); // all that takes memory, before anything is changed
      long wait = circuit.ask();
      if (wait > 0) {
        return wait;
      }
      attempt.isOnShare = suspectShare.isLeft(suspectsUnderWay, assembler.suspects(), now);
      assembler.take(unit, now);
      send(attempt);
    }
  }

  private @Nullable Unit next(boolean windowsToo, boolean runsToo, long now) {
    if (circuit.isOpen()) {
      return assembler.peekProbe(windowsToo, runsToo, now);
    }
    Unit suspect = runsToo ? assembler.peekSuspect() : null;
    if (suspect != null && dueNanos(suspect, false) - now > 0) {
      suspect = null;
    }
    if (suspect != null && suspectShare.isLeft(suspectsUnderWay, assembler.suspects(), now)) {
      return suspect;
    }
    Unit other = assembler.peek(windowsToo, runsToo, now);
    boolean isFree =
        other == null
            && suspect != null
            && suspectShare.mayUseFreePlace(suspectsUnderWay, suspect.tookNanos);
    return isFree ? suspect : other;
  }

  private long suspectDueNanos(long otherwise) {
    Unit suspect = assembler.peekSuspect();
    if (suspect == null) {
      return otherwise;
    }
    long due = dueNanos(suspect, circuit.isOpen());
    if (!circuit.isOpen()) {
      due = suspectShare.dueNanos(suspectsUnderWay, assembler.suspects(), due, otherwise);
    }
    return Math.min(due, otherwise);
  }

  /** Until others have passed another try of a suspect would tell nothing, so it has time. */
  private long dueNanos(Unit suspect, boolean mayProbe) {
    long due = suspect.notBeforeNanos;
    boolean isUntried = suspect.failedNanos == 0; // a part of what failed
    if (mayProbe || isUntried || blame.othersPassed(suspect.tries)) {
      return due;
    }
    long later = suspect.failedNanos + settings.maxRetryDelay.toNanos();
    return later - due > 0 ? later : due;
  }

  private void send(Attempt attempt) {
    underWay.add(attempt);
    count(attempt, 1);
    attempt.startedNanos = System.nanoTime();
    attempt.passedAtStart = blame.allPassed();
    try {
      senders.execute(attempt);
      attempt.begun = true;
    } finally {
      if (!attempt.begun) { // no thread could be had, or the tracker is closing
        attempt.ended = true;
      }
    }
  }

  private void count(Attempt attempt, int sign) {
    if (attempt.isSuspect) {
      suspectsUnderWay += sign;
    } else if (!attempt.unit.isWindow()) {
      runsUnderWay += sign;
    }
  }

  /** One try to write a unit. Whatever happens in it, it ends, and says so without an object. */
  private final class Attempt implements Runnable {
    private final Unit unit;
    private final boolean isSuspect;
    private long startedNanos;
    private long passedAtStart;
    private boolean begun;
    private long tookNanos;

    /** Whether it took the place from others, and not one that none of them wanted. */
    private boolean isOnShare;

    private @Nullable Throwable failure;
    private volatile boolean ended;

    private Attempt(Unit unit) {
      this.unit = unit;
      this.isSuspect = unit.tries.areSuspect();
    }

    @Override
    public void run() {
      try {
        writer.write(unit);
      } catch (Throwable e) {
        failure = e;
      } finally {
        tookNanos = System.nanoTime() - startedNanos;
        ended = true;
        stage.wake();
      }
    }
  }

  private void settleWhatCameBack() {
    int before = underWay.size();
    for (Iterator<Attempt> attempts = underWay.iterator(); attempts.hasNext(); ) {
      Attempt attempt = attempts.next();
      if (attempt.ended) {
        cameBack(attempt); // a fault leaves it here, to be looked at again
        attempts.remove();
        count(attempt, -1);
        if (attempt.isSuspect && attempt.isOnShare) {
          suspectShare.used(attempt.startedNanos, attempt.tookNanos, assembler.suspects());
        }
      }
    }
    if (underWay.size() < before) {
      log.reap(); // behind the counting, so that a ledger taken meanwhile is right
    }
  }

  private void cameBack(Attempt attempt) {
    Unit unit = attempt.unit;
    Throwable failure = attempt.failure;
    unit.tookNanos = attempt.tookNanos;
    try {
      if (!unit.leftOut.isEmpty()) {
        assembler.partWith(unit);
      }
      if (!attempt.begun) {
        circuit.released(attempt.startedNanos);
        retry(unit, 0);
      } else if (failure == null) {
        passed(unit, attempt.startedNanos);
      } else if (failure instanceof InterruptedException) {
        circuit.released(attempt.startedNanos);
        retry(unit, stopping ? 0 : settings.retryDelay.toNanos());
      } else if (failure instanceof SpoolException) {
        circuit.released(attempt.startedNanos);
        warnings.warn("spool", "The spool cannot be used; delivery goes on by itself", failure);
        retry(unit, UNPLANNED_NANOS);
      } else if (failure instanceof IOException) {
        circuit.released(attempt.startedNanos);
        setAside(unit, DropReason.DAMAGED, String.valueOf(failure.getMessage()));
      } else {
        failed(attempt, failure);
      }
    } catch (SpoolException e) {
      warnings.warn("split", "The spool cannot be written; it is tried again", e);
      retryUnlessSettled(unit);
    } catch (Throwable fault) {
      circuit.released(attempt.startedNanos);
      warnings.warn("settle", "A fault while settling " + unit.id + "; it is tried again", fault);
      retryUnlessSettled(unit);
    }
  }

  private void retryUnlessSettled(Unit unit) {
    if (unit.sweeps || assembler.holds(unit)) {
      retry(unit, UNPLANNED_NANOS);
    }
  }

  private void passed(Unit unit, long startedNanos) throws SpoolException {
    if (unit.sweeps || unit.splits) { // says nothing of whether the sink takes requests
      circuit.released(startedNanos);
      if (unit.sweeps) {
        journal.giveUp(unit);
      } else {
        assembler.split(unit);
      }
      return;
    }
    blame.passed();
    server.passed();
    if (circuit.succeeded()) {
      assembler.hasteBack();
    }
    assembler.delivered(unit, System.nanoTime());
  }

  private void failed(Attempt attempt, Throwable failure) throws SpoolException {
    Unit unit = attempt.unit;
    long startedNanos = attempt.startedNanos;
    SinkException told = failure instanceof SinkException e ? e : null;
    Kind kind = told == null ? Kind.FAILED : told.kind();
    String cause = told == null ? String.valueOf(failure) : String.valueOf(told.getMessage());
    lastError = told == null ? "a fault of the sink: " + cause : cause;
    if (kind == Kind.UNSUPPORTED && unit.isWindow() && !unit.splits) {
      if (assembler.windowsRefused(unit, System.nanoTime())) {
        circuit.released(startedNanos); // whatever is in a window
        return;
      }
    }
    boolean othersPass = blame.failed(unit.tries, unit.size() == 1, attempt.passedAtStart);
    boolean isAway = kind == Kind.UNAVAILABLE;
    int beyondChance = isAway ? Math.max(2, failuresThatOpen / 2) : failuresThatOpen;
    if (blame.isSharedBeyondChance(beyondChance)) {
      circuit.failed(startedNanos, isAway, told == null ? null : told.retryAfter());
    } else {
      circuit.released(startedNanos);
    }
    server.isAway(circuit.isPausing() || blame.isNothingPassing());
    warn(unit, kind, cause, told == null ? failure : null);
    if (unit.sweeps || unit.splits) {
      failedBeside(unit, kind, cause);
    } else if (unit.isWindow() && unit.size() > 1) {
      windowFailed(unit, kind, othersPass);
    } else {
      requestFailed(unit, kind, told == null ? DropReason.DELIVERY_FAULT : REFUSED, cause);
    }
  }

  /** A look for a second run failed, or the taking back of a run whose window is split. */
  private void failedBeside(Unit unit, Kind kind, String cause) throws SpoolException {
    boolean isOver = isFinal(kind) || kind == Kind.GONE || blame.isGuilty(unit.tries, false);
    if (!isOver) {
      retryLater(unit);
    } else if (unit.sweeps) {
      journal.giveUp(unit);
    } else {
      warnings.warn("discard", "A run that is not completed cannot be taken back: " + cause);
      assembler.split(unit);
    }
  }

  /**
   * What a window failed for may be one of its requests, so it is taken apart: when others pass;
   * or, when nothing does, one window down to one of its requests, because a smaller one may pass.
   */
  private void windowFailed(Unit window, Kind kind, boolean othersPass) {
    if (kind == Kind.TOO_LARGE) {
      assembler.windowTooLarge(window);
    }
    if (kind == Kind.GONE) {
      window.runId = null; // it is created again
    }
    boolean isItsOwn = othersPass && (isFinal(kind) || window.tries.areSuspect());
    boolean isWorthTheTry =
        kind != Kind.UNSUPPORTED
            && (window.runId != null || kind == Kind.TOO_LARGE)
            && window.tries.failed >= triesBeforeParts(kind)
            && blame.mayBeFoundInParts()
            && assembler.isSmallest(window);
    if (isItsOwn || isWorthTheTry) {
      assembler.standAside(window);
      if (kind == Kind.TOO_LARGE) {
        window.splitBecauseOfItsSize();
      } else {
        window.splitBecauseOfItsContent();
      }
      retry(window, 0);
    } else {
      if (window.tries.areSuspect()) {
        assembler.standAside(window);
      }
      retryLater(window);
    }
  }

  /** The less an answer sounds as if it were about the content, the more. */
  private static int triesBeforeParts(Kind kind) {
    return isFinal(kind) ? 1 : kind == Kind.UNAVAILABLE ? 5 : 2;
  }

  private void requestFailed(Unit unit, Kind kind, DropReason reason, String cause) {
    if (kind != Kind.UNAVAILABLE || unit.tries.areSuspect()) {
      assembler.standAside(unit);
    }
    if (kind == Kind.GONE) {
      unit.runId = null; // it is created again
    }
    if (blame.isGuilty(unit.tries, isFinal(kind))) {
      setAside(unit, reason, cause);
    } else {
      retryLater(unit);
    }
  }

  /** Whether the same call would never pass, if it is the unit's fault and not the sink's. */
  private static boolean isFinal(Kind kind) {
    return kind == Kind.REFUSED || kind == Kind.TOO_LARGE || kind == Kind.UNSUPPORTED;
  }

  private void warn(Unit unit, Kind kind, String cause, @Nullable Throwable fault) {
    if (fault != null) {
      warnings.warn("sink fault", "The sink failed on " + unit, fault);
    } else if (!blame.isShared()) {
      warnings.warn(
          "failing",
          "The sink did not take " + unit + "; it is tried again, others go on: " + cause);
    } else if (kind == Kind.UNAUTHORIZED) {
      warnings.warn(
          "unauthorized", "The sink lets no call in; delivery pauses until it does: " + cause);
    } else if (kind == Kind.UNSUPPORTED && unit.isWindow()) {
      warnings.warn(
          "no windows",
          "The sink takes no windows; delivery pauses until it does. With trackAs AUTO requests would"
              + " be written as runs: "
              + cause);
    } else if (isFinal(kind)) {
      warnings.warn(
          "refusing", "The sink refuses everything; delivery pauses until it takes some: " + cause);
    } else {
      warnings.warn("away", "The sink is away; delivery goes on by itself: " + cause);
    }
  }

  /** Later each time. */
  private void retryLater(Unit unit) {
    long longest = settings.maxRetryDelay.toNanos();
    long pause = settings.retryDelay.toNanos() << Math.min(unit.tries.failed - 1, 20);
    retry(unit, pause <= 0 ? longest : Math.min(pause, longest));
  }

  private void retry(Unit unit, long pauseNanos) {
    retries.increment();
    unit.letGo();
    long pause = unit.mayExist ? Math.max(pauseNanos, settings.lookupDelay.toNanos()) : pauseNanos;
    unit.failedNanos = System.nanoTime();
    unit.notBeforeNanos = unit.failedNanos + pause;
    assembler.retry(unit);
  }

  private void setAside(Unit unit, DropReason reason, String cause) {
    String what = unit.toString();
    if (unit.sweeps) {
      journal.giveUp(unit);
    } else if (assembler.setAside(unit, reason, cause)) {
      warnings.warn("set aside", "Set aside as " + reason + ": " + what + ": " + cause);
    } else {
      retry(unit, SET_ASIDE_AGAIN_NANOS);
    }
  }

  /**
   * Has the sink write what it held back, for as long as there is time.
   *
   * @param kept where an interrupt of the caller goes that is not to end it; null where it is
   */
  public void flushSink(long deadlineNanos, @Nullable Interruption kept) {
    if (deadlineNanos - System.nanoTime() <= 0) {
      return;
    }
    Future<?> flush;
    try {
      flush =
          senders.submit(
              () -> {
                sink.flush();
                return null;
              });
    } catch (RejectedExecutionException closed) {
      return;
    }
    try {
      if (kept != null) {
        kept.await(millis -> awaitEnd(flush, millis), deadlineNanos, flush::isDone);
      }
      flush.get(Math.max(deadlineNanos - System.nanoTime(), 0), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      warnings.warn("flush", "The sink could not write all that it held back", e.getCause());
    } catch (TimeoutException e) {
      warnings.warn("flush", "There was no time for the sink to write all that it held back");
    } finally {
      flush.cancel(true);
    }
  }

  private static void awaitEnd(Future<?> flush, long millis) throws InterruptedException {
    try {
      flush.get(millis, TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException ended) {
      // the caller asks for it
    }
  }

  /**
   * Ends every call under way. What is not delivered stays in the log. An interrupt of the caller
   * does not shorten it.
   */
  void stop() {
    try (Interruption interruption = new Interruption()) {
      stopping = true;
      stage.wake();
      senders.shutdownNow();
      long deadline = System.nanoTime() + LONGEST_STOP_NANOS;
      interruption.await(
          millis -> senders.awaitTermination(millis, TimeUnit.MILLISECONDS),
          deadline,
          senders::isTerminated);
      stage.join(deadline, interruption);
      if (stage.isOver()) {
        settleWhatCameBack();
      }
    }
  }
}
