// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Takes runs from the backlog and writes them to the sink, several at a time. One thread decides
 * what is tried when; short-lived workers make the calls, which block.
 */
final class Delivery {

  /**
   * How often an event may fail by the server's answer while others pass, before it is set aside.
   */
  static final int MOST_FAILURES = 10;

  private static final Duration IDLE_TAKE = Duration.ofSeconds(1);

  /**
   * While so many runs are being written that none may be begun, windows are looked for so often.
   */
  private static final int PERMIT_WAIT_MILLIS = 20;

  private final Backlog backlog;
  private final RunSink sink;
  private final Settings settings;
  private final Circuit circuit;
  private final Semaphore permits;
  private final ThreadPoolExecutor workers;
  private final Thread dispatcher;
  private final RateLimitedLog log = new RateLimitedLog(LoggerFactory.getLogger(Tracker.class));
  private final LongAdder deliveries = new LongAdder();
  private final LongAdder retries = new LongAdder();
  private volatile boolean stopping;
  private volatile @Nullable String lastError;

  Delivery(Backlog backlog, RunSink sink, Settings settings) {
    this.backlog = backlog;
    this.sink = sink;
    this.settings = settings;
    this.circuit = new Circuit(settings.retryDelay(), settings.maxRetryDelay());
    this.permits = new Semaphore(settings.inFlight());
    this.workers =
        new ThreadPoolExecutor(
            settings.inFlight() + WindowRouter.MOST_UNSETTLED,
            settings.inFlight() + WindowRouter.MOST_UNSETTLED,
            5,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            work -> daemon(work, "runtracker-sender"));
    workers.allowCoreThreadTimeOut(true);
    this.dispatcher = daemon(this::dispatch, "runtracker-delivery");
  }

  static Thread daemon(Runnable work, String name) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    return thread;
  }

  void start() {
    dispatcher.start();
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

  /** Has the sink write what it held back, for as long as there is time. */
  void flushSink(long deadlineNanos) {
    long left = deadlineNanos - System.nanoTime();
    if (left <= 0) {
      return;
    }
    Future<?> flush;
    try {
      flush =
          workers.submit(
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
      log.warn("flush", "The sink could not write all that it held back", e.getCause());
    } catch (TimeoutException e) {
      log.warn("flush", "There was no time for the sink to write all that it held back");
    } finally {
      flush.cancel(true);
    }
  }

  /** Ends every call under way. What is not delivered stays in the backlog. */
  void stop() {
    stopping = true;
    dispatcher.interrupt();
    workers.shutdownNow();
    try {
      workers.awaitTermination(1, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void dispatch() {
    while (!stopping) {
      try {
        if (permits.tryAcquire(PERMIT_WAIT_MILLIS, TimeUnit.MILLISECONDS)) {
          boolean begun = false;
          try {
            begun = sweepOne() || dispatch(backlog.take(IDLE_TAKE), permits::release);
          } finally {
            if (!begun) {
              permits.release();
            }
          }
        } else {
          dispatch(backlog.takeWindow(), () -> {});
        }
      } catch (InterruptedException e) {
        if (stopping) {
          return;
        }
      } catch (Throwable fault) {
        if (stopping) {
          return; // the workers were told to end between the take and the hand-over
        }
        log.warn("dispatch", "Delivery met a fault and goes on", fault);
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
      }
    }
  }

  /** Looks at one that may have two runs, when one is due and the server is there. */
  private boolean sweepOne() {
    Repeated due = circuit.isOpen() ? null : backlog.sweep().poll();
    if (due == null) {
      return false;
    }
    work(() -> backlog.sweep().sweep(due, sink), permits::release);
    return true;
  }

  private boolean dispatch(@Nullable PendingRun run, Runnable whenDone)
      throws InterruptedException {
    if (run == null) {
      return false;
    }
    boolean begun = false;
    try {
      for (long wait = circuit.ask(); wait > 0; wait = circuit.ask()) {
        TimeUnit.NANOSECONDS.sleep(wait);
      }
      work(() -> attempt(run), whenDone);
      begun = true;
    } finally {
      if (!begun) {
        backlog.retry(run); // no thread could be had, or the tracker is closing
      }
    }
    return true;
  }

  private interface Work {
    void run() throws InterruptedException;
  }

  private void work(Work work, Runnable whenDone) {
    workers.execute(
        () -> {
          try {
            work.run();
          } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
          } catch (RuntimeException fault) {
            log.warn("sink fault", "The sink failed on a sweep", fault);
          } finally {
            whenDone.run();
          }
        });
  }

  private void attempt(PendingRun run) {
    long started = System.nanoTime();
    try {
      deliver(run);
      deliveries.increment();
      circuit.succeeded();
      backlog.delivered(run);
      if (run.isRepeated()) {
        backlog.sweep().later(run.asRepeated());
      }
    } catch (SinkException e) {
      failed(run, e, started);
    } catch (InterruptedException closing) {
      circuit.released();
      backlog.retry(run);
    } catch (Throwable fault) {
      circuit.released();
      lastError = "a fault of the sink: " + fault;
      log.warn("sink fault", "The sink failed on " + run, fault);
      retryOrSetAside(run, DropReason.DELIVERY_FAULT, String.valueOf(fault));
    }
  }

  private void deliver(PendingRun run) throws SinkException, InterruptedException {
    String runId = run.runId();
    if (runId == null) {
      runId = findOrCreate(run);
      backlog.created(run, runId);
    }
    run.complete(sink, runId);
  }

  private String findOrCreate(PendingRun run) throws SinkException, InterruptedException {
    if (run.mayExist()) {
      Optional<String> found = run.find(sink);
      if (found.isPresent()) {
        return found.get();
      }
      run.mayExist(false);
      run.repeated();
      backlog.sweep().remember(run.asRepeated());
    }
    boolean answered = false;
    try {
      String runId = run.create(sink);
      answered = true;
      return runId;
    } catch (SinkException e) {
      answered = e.kind() != SinkException.Kind.UNKNOWN && e.kind() != SinkException.Kind.FAILED;
      throw e;
    } finally {
      if (!answered) {
        run.mayExist(true);
      }
    }
  }

  private void failed(PendingRun run, SinkException e, long started) {
    lastError = e.getMessage();
    switch (e.kind()) {
      case UNAVAILABLE, UNKNOWN -> {
        circuit.failed(started, e.retryAfter());
        log.warn("away", "The sink is away; delivery goes on by itself: " + e.getMessage());
        retry(run, 0);
      }
      case UNAUTHORIZED -> {
        circuit.failed(started, e.retryAfter());
        log.warn(
            "unauthorized",
            "The sink refuses the credentials; delivery pauses until it takes them: "
                + e.getMessage());
        retry(run, 0);
      }
      case FAILED -> {
        circuit.failed(started, e.retryAfter());
        log.warn("failing", "The sink failed on " + run + ": " + e.getMessage());
        retryOrSetAside(run, DropReason.REFUSED, String.valueOf(e.getMessage()));
      }
      case REFUSED -> {
        circuit.succeeded();
        setAside(run, DropReason.REFUSED, String.valueOf(e.getMessage()));
      }
    }
  }

  /**
   * A failure that may be the event's own: it is tried again, later every time, but not for ever.
   */
  private void retryOrSetAside(PendingRun run, DropReason reason, String cause) {
    long delivered = deliveries.sum();
    int failures = run.failed(delivered);
    if (failures >= MOST_FAILURES && run.othersPassedSince(delivered)) {
      setAside(run, reason, cause);
    } else {
      long longest = settings.maxRetryDelay().toNanos();
      long pause = settings.retryDelay().toNanos() << Math.min(failures, 20);
      retry(run, pause <= 0 ? longest : Math.min(pause, longest));
    }
  }

  private void retry(PendingRun run, long pauseNanos) {
    retries.increment();
    long pause =
        run.mayExist() ? Math.max(pauseNanos, settings.lookupDelay().toNanos()) : pauseNanos;
    run.notBefore(System.nanoTime() + pause);
    backlog.retry(run);
  }

  private void setAside(PendingRun run, DropReason reason, String cause) {
    backlog.dropped(run, reason, cause);
    log.warn("set aside", "Set aside as " + reason + ": " + run + ": " + cause);
  }
}
