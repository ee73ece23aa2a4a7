// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.spool.FailPoint;
import io.runtracker.spool.Log;
import io.runtracker.spool.SegmentLog;
import io.runtracker.spool.SpoolException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
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
import org.slf4j.LoggerFactory;

/**
 * Writes units to the sink, several at a time. One thread assembles them, decides what is tried
 * when, and settles what came back; short-lived senders make the calls, which block. Only that one
 * thread touches a unit that is not being sent.
 */
final class Delivery {

  /** How often a unit may fail by the server's answer while others pass, before it is set aside. */
  static final int MOST_FAILURES = 10;

  /** Each of them holds all its rows; more than may be closed, for those that are read again. */
  private static final int MOST_WINDOWS = Assembler.MOST_WINDOWS + 1;

  /** So long an event may wait unread while others come, so that each look finds some. */
  private static final long READ_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** So many bytes are worth a look before that; less where memory holds little. */
  private static final long READ_BYTES = 256 << 10;

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
  private final long readBytes;
  private final Circuit circuit;
  private final Consumer<FailPoint> failPoints;
  private final ThreadPoolExecutor senders;
  private final Thread thread;
  private final RateLimitedLog warnings =
      new RateLimitedLog(LoggerFactory.getLogger(Tracker.class));

  /** What is being sent. */
  private final List<Attempt> underWay = new ArrayList<>();

  private int runsUnderWay;
  private long deliveries;
  private long readNanos = System.nanoTime();
  private final LongAdder retries = new LongAdder();
  private volatile boolean parked;

  // Of the one thread that calls {@link #appended}.
  private long wokenNanos = System.nanoTime() - READ_PAUSE_NANOS;
  private long bytesSinceWake;

  private volatile boolean stopping;
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
    this.settings = settings;
    this.inFlight = inFlight;
    this.readBytes = Math.min(READ_BYTES, settings.queueBytes() / 8);
    this.failPoints = failPoints;
    this.circuit = new Circuit(settings.retryDelay(), settings.maxRetryDelay());
    int most = inFlight + MOST_WINDOWS + 1; // one for a flush of the sink
    this.senders =
        new ThreadPoolExecutor(
            most,
            most,
            5,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            work -> daemon(work, "runtracker-sender"));
    senders.allowCoreThreadTimeOut(true);
    this.thread = daemon(this::run, "runtracker-delivery");
  }

  static Thread daemon(Runnable work, String name) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    return thread;
  }

  void start() {
    thread.start();
  }

  long retries() {
    return retries.sum();
  }

  boolean isServerAway() {
    return circuit.isOpen();
  }

  @Nullable String lastError() {
    return lastError;
  }

  /**
   * Says that the log has more. Wakes nobody who is awake, and nobody for less than is worth it:
   * waking a thread costs more than the rest of what is done for a request.
   */
  void appended(long bytes) {
    bytesSinceWake += bytes;
    if (parked) {
      long now = System.nanoTime();
      if (bytesSinceWake >= readBytes || now - wokenNanos >= READ_PAUSE_NANOS) {
        wokenNanos = now;
        bytesSinceWake = 0;
        wake();
      }
    }
  }

  /** Has it look now, because somebody waits. */
  void wake() {
    LockSupport.unpark(thread);
  }

  private void run() {
    while (!stopping) {
      Thread.interrupted(); // a sink's draft may have set it, and then no park would wait
      try {
        step();
      } catch (Throwable fault) {
        if (!stopping) {
          warnings.warn("dispatch", "Delivery met a fault and goes on", fault);
          LockSupport.parkNanos(FAULT_PAUSE_NANOS);
        }
      }
    }
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

  /** Returns after how many nanoseconds there may be more to send; 0 when there is now. */
  private long sendWhatIsDue(long now) {
    while (true) {
      boolean windowsToo = underWay.size() - runsUnderWay < MOST_WINDOWS;
      boolean runsToo = runsUnderWay < inFlight;
      Unit unit = assembler.peek(windowsToo, runsToo, now);
      if (unit == null) {
        return Math.max(1, assembler.dueNanos(windowsToo, runsToo, now + IDLE_NANOS) - now);
      }
      long wait = circuit.ask();
      if (wait > 0) {
        return wait;
      }
      assembler.take(unit, now);
      send(unit);
    }
  }

  private void send(Unit unit) {
    Attempt attempt = new Attempt(unit);
    boolean begun = false;
    try {
      underWay.add(attempt);
      runsUnderWay += unit.isWindow() ? 0 : 1;
      senders.execute(attempt);
      begun = true;
    } finally {
      if (!begun) { // no thread could be had, or the tracker is closing
        circuit.released();
        attempt.failure = new InterruptedException();
        attempt.ended = true;
      }
    }
  }

  /** One try to write a unit. Whatever happens in it, it ends, and says so without an object. */
  private final class Attempt implements Runnable {
    private final Unit unit;
    private final long startedNanos = System.nanoTime();
    private @Nullable Throwable failure;
    private volatile boolean ended;

    private Attempt(Unit unit) {
      this.unit = unit;
    }

    @Override
    public void run() {
      try {
        write(unit);
      } catch (Throwable e) {
        failure = e;
      } finally {
        ended = true;
        LockSupport.unpark(thread);
      }
    }
  }

  private void write(Unit unit) throws SinkException, InterruptedException, IOException {
    if (unit.sweeps) {
      failPoints.accept(FailPoint.BEFORE_SWEEP);
      unit.sweep(sink);
      failPoints.accept(FailPoint.AFTER_SWEEP);
      return;
    }
    String runId = unit.runId;
    if (unit.splits) {
      if (runId != null) {
        failPoints.accept(FailPoint.BEFORE_DISCARD);
        ((WindowSink) sink).discard(runId);
        failPoints.accept(FailPoint.AFTER_DISCARD);
      }
      return;
    }
    unit.prepare(sink, log);
    if (runId == null) {
      runId = findOrCreate(unit);
      failPoints.accept(FailPoint.BEFORE_CREATED);
      try {
        journal.created(unit, runId);
      } catch (SpoolException e) {
        // After a crash now it is looked up, because it was planned.
        warnings.warn("created", "The spool cannot be written; it is tried again", e);
      }
      failPoints.accept(FailPoint.AFTER_CREATED);
    }
    failPoints.accept(FailPoint.BEFORE_COMPLETE);
    unit.complete(sink, runId);
    failPoints.accept(FailPoint.AFTER_COMPLETE);
  }

  private String findOrCreate(Unit unit) throws SinkException, InterruptedException, IOException {
    if (unit.mayExist) {
      failPoints.accept(FailPoint.BEFORE_FIND);
      Optional<String> found = unit.find(sink);
      failPoints.accept(FailPoint.AFTER_FIND);
      if (found.isPresent()) {
        return found.get();
      }
      unit.mayExist = false;
      unit.isRepeated = true;
    }
    failPoints.accept(FailPoint.BEFORE_PLAN);
    journal.plan(unit);
    failPoints.accept(FailPoint.AFTER_PLAN);
    boolean answered = false;
    try {
      failPoints.accept(FailPoint.BEFORE_CREATE);
      String runId = unit.create(sink);
      failPoints.accept(FailPoint.AFTER_CREATE);
      answered = true;
      return runId;
    } catch (SinkException e) {
      answered = e.kind() != SinkException.Kind.UNKNOWN && e.kind() != SinkException.Kind.FAILED;
      throw e;
    } finally {
      if (!answered) {
        unit.mayExist = true;
      }
    }
  }

  private void settleWhatCameBack() {
    int before = underWay.size();
    for (Iterator<Attempt> attempts = underWay.iterator(); attempts.hasNext(); ) {
      Attempt attempt = attempts.next();
      if (attempt.ended) {
        attempts.remove();
        runsUnderWay -= attempt.unit.isWindow() ? 0 : 1;
        cameBack(attempt);
      }
    }
    if (underWay.size() < before) {
      log.reap(); // behind the counting, so that a ledger taken meanwhile is right
    }
  }

  private void cameBack(Attempt attempt) {
    Unit unit = attempt.unit;
    Throwable failure = attempt.failure;
    boolean settled = false;
    try {
      if (!unit.leftOut.isEmpty()) {
        assembler.partWith(unit);
      }
      if (failure == null) {
        circuit.succeeded();
        settled = passed(unit);
      } else if (failure instanceof SinkException e) {
        settled = failed(unit, e, attempt.startedNanos);
      } else if (failure instanceof InterruptedException) {
        circuit.released();
        retry(unit, 0);
        settled = true;
      } else if (failure instanceof SpoolException) {
        circuit.released();
        warnings.warn("spool", "The spool cannot be used; delivery goes on by itself", failure);
        retry(unit, UNPLANNED_NANOS);
        settled = true;
      } else if (failure instanceof IOException) {
        circuit.released();
        settled = setAside(unit, DropReason.DAMAGED, String.valueOf(failure.getMessage()));
      } else {
        circuit.released();
        lastError = "a fault of the sink: " + failure;
        warnings.warn("sink fault", "The sink failed on " + unit, failure);
        settled = retryOrSetAside(unit, DropReason.DELIVERY_FAULT, String.valueOf(failure));
      }
    } catch (SpoolException e) {
      warnings.warn("split", "The spool cannot be written; it is tried again", e);
    } finally {
      if (!settled) {
        retry(unit, UNPLANNED_NANOS);
      }
    }
  }

  private boolean passed(Unit unit) throws SpoolException {
    if (unit.sweeps) {
      journal.giveUp(unit);
    } else if (unit.splits) {
      assembler.split(unit);
    } else {
      deliveries++;
      assembler.delivered(unit, System.nanoTime());
    }
    return true;
  }

  private boolean failed(Unit unit, SinkException e, long started) throws SpoolException {
    lastError = e.getMessage();
    String cause = String.valueOf(e.getMessage());
    switch (e.kind()) {
      case UNAVAILABLE, UNKNOWN -> {
        circuit.failed(started, e.retryAfter());
        warnings.warn("away", "The sink is away; delivery goes on by itself: " + cause);
        retry(unit, 0);
        return true;
      }
      case UNAUTHORIZED -> {
        circuit.failed(started, e.retryAfter());
        warnings.warn(
            "unauthorized",
            "The sink refuses the credentials; delivery pauses until it takes them: " + cause);
        retry(unit, 0);
        return true;
      }
      case FAILED -> {
        circuit.failed(started, e.retryAfter());
        warnings.warn("failing", "The sink failed on " + unit + ": " + cause);
        return retryOrSetAside(unit, DropReason.REFUSED, cause);
      }
      case GONE -> {
        circuit.succeeded();
        if (unit.sweeps || unit.splits) {
          return refused(unit, e, cause);
        }
        unit.runId = null; // it is created again
        return retryOrSetAside(unit, DropReason.REFUSED, cause);
      }
      default -> {
        circuit.succeeded();
        return refused(unit, e, cause);
      }
    }
  }

  private boolean refused(Unit unit, SinkException e, String cause) throws SpoolException {
    if (unit.sweeps) {
      journal.giveUp(unit);
      return true;
    }
    if (unit.splits) {
      warnings.warn("discard", "A run that is not completed cannot be taken back: " + cause);
      assembler.split(unit);
      return true;
    }
    boolean isTooLarge = e.kind() == SinkException.Kind.TOO_LARGE;
    if (unit.isWindow() && isTooLarge) {
      assembler.windowTooLarge(unit);
    }
    if (unit.isWindow() && e.kind() == SinkException.Kind.UNSUPPORTED) {
      assembler.windowsRefused(System.nanoTime());
    } else if (mayBeSplit(unit, isTooLarge)) {
      split(unit);
      return true;
    }
    return setAside(unit, DropReason.REFUSED, cause);
  }

  private void split(Unit unit) {
    unit.split();
    retry(unit, 0);
  }

  /** What a window was refused for may be one of its requests, once there is a run to fill. */
  private static boolean mayBeSplit(Unit unit, boolean isTooLarge) {
    return unit.isWindow() && unit.size() > 1 && (isTooLarge || unit.runId != null);
  }

  /**
   * A failure that may be the unit's own: it is tried again, later every time, but not for ever.
   */
  private boolean retryOrSetAside(Unit unit, DropReason reason, String cause) {
    if (unit.isWindow()) {
      assembler.standAside(unit);
    }
    if (unit.failures++ == 0) {
      unit.deliveredBeforeFailure = deliveries;
    }
    if (unit.failures >= MOST_FAILURES && deliveries > unit.deliveredBeforeFailure) {
      if (mayBeSplit(unit, false) && !unit.splits) {
        split(unit);
        return true;
      }
      return setAside(unit, reason, cause);
    }
    long longest = settings.maxRetryDelay().toNanos();
    long pause = settings.retryDelay().toNanos() << Math.min(unit.failures, 20);
    retry(unit, pause <= 0 ? longest : Math.min(pause, longest));
    return true;
  }

  private void retry(Unit unit, long pauseNanos) {
    retries.increment();
    unit.letGo();
    long pause =
        unit.mayExist ? Math.max(pauseNanos, settings.lookupDelay().toNanos()) : pauseNanos;
    unit.notBeforeNanos = System.nanoTime() + pause;
    assembler.retry(unit);
  }

  private boolean setAside(Unit unit, DropReason reason, String cause) {
    if (unit.sweeps) {
      journal.giveUp(unit);
      return true;
    }
    String what = unit.toString();
    if (assembler.setAside(unit, reason, cause)) {
      warnings.warn("set aside", "Set aside as " + reason + ": " + what + ": " + cause);
    } else {
      retry(unit, SET_ASIDE_AGAIN_NANOS);
    }
    return true;
  }

  /** Has the sink write what it held back, for as long as there is time. */
  void flushSink(long deadlineNanos) {
    long left = deadlineNanos - System.nanoTime();
    if (left <= 0) {
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
      flush.get(left, TimeUnit.NANOSECONDS);
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

  /**
   * Ends every call under way. What is not delivered stays in the log. An interrupt of the caller
   * does not shorten it.
   */
  void stop() {
    boolean interrupted = Thread.interrupted();
    stopping = true;
    wake();
    senders.shutdownNow();
    long deadline = System.nanoTime() + LONGEST_STOP_NANOS;
    while (!hasEnded() && System.nanoTime() - deadline < 0) {
      try {
        senders.awaitTermination(1, TimeUnit.SECONDS);
        thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
        deadline = System.nanoTime();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (!thread.isAlive()) {
      settleWhatCameBack();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean hasEnded() {
    return senders.isTerminated() && !thread.isAlive();
  }
}
