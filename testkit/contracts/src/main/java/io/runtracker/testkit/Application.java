// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import io.runtracker.TrackedRequest;
import io.runtracker.adapter.OpenRequest;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.UndeclaredThrowableException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** What the service under test shares with the test: both run in one process. */
public final class Application implements AutoCloseable {

  /** For which the service has an error page. */
  public static final class PagedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int status;

    /**
     * To be answered by the page.
     *
     * @param status what the page answers
     */
    public PagedException(int status) {
      super("paged");
      this.status = status;
    }

    public int status() {
      return status;
    }
  }

  /** Says nothing about itself but by throwing. */
  public static final class BrokenException extends RuntimeException {
    private static final long serialVersionUID = 1;

    @Override
    public String getMessage() {
      throw new IllegalStateException("no message");
    }
  }

  /** The status that has an error page when it is reported; that answers 403. */
  public static final int PAGED_STATUS = 423;

  /** In place of a status: 500, behind the gate. */
  public static final int GATED = -1;

  /** The time-out of endpoints that time out. */
  public static final int SHORT_MILLIS = 100;

  private final ExecutorService workers =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "application-worker");
            thread.setDaemon(true);
            return thread;
          });
  private final AtomicReference<@Nullable TrackedRequest> kept = new AtomicReference<>();
  private final AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
  private final AtomicReference<@Nullable Throwable> escaped = new AtomicReference<>();
  private volatile CountDownLatch gate = new CountDownLatch(1);
  private volatile boolean atTheGate;

  /** The exception that THROW throws, a new one each time: {@code boom}. */
  public RuntimeException exception() {
    RuntimeException exception = new IllegalStateException("boom");
    thrown.set(exception);
    return exception;
  }

  /** The same in a wrapper of the JDK's, which is in another one. */
  public Exception wrapped(String wrapper) {
    Exception inner = exception();
    Exception wrapped =
        switch (wrapper) {
          case "completion" -> new CompletionException(inner);
          case "execution" -> new ExecutionException(inner);
          case "invocation" -> new InvocationTargetException(inner);
          case "undeclared" -> new UndeclaredThrowableException(inner);
          default -> throw new IllegalArgumentException(wrapper);
        };
    return new CompletionException(wrapped);
  }

  /** The exception that was given out last. */
  public @Nullable Throwable thrown() {
    return thrown.get();
  }

  /** To be called with what left the adapter, where the framework has a place for that. */
  public void escaped(Throwable error) {
    escaped.set(error);
  }

  /** What left the adapter last. */
  public @Nullable Throwable escaped() {
    return escaped.get();
  }

  /** {@code tracked} or {@code untracked}, as the calling thread sees it. */
  public String handle() {
    return TrackedRequest.current() instanceof OpenRequest ? "tracked" : "untracked";
  }

  /** What the request's attribute with the handle is: {@code current}, {@code absent}, or else. */
  public String attribute(@Nullable Object attribute) {
    if (attribute == null) {
      return "absent";
    }
    return attribute == TrackedRequest.current() ? "current" : attribute.toString();
  }

  /** Runs a task on a thread that the framework knows nothing of. */
  public void elsewhere(Runnable task) {
    workers.execute(task);
  }

  /** The same, and waits until it has run. */
  public void elsewhereAndWait(Runnable task) {
    try {
      workers.submit(task).get(RecordingSink.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** What an asynchronous endpoint logs on its other thread. */
  public void logElsewhere(TrackedRequest handle) {
    handle.metric("elsewhere", 1);
  }

  /** One of everything. */
  public void logNotes(TrackedRequest handle) {
    handle
        .tag("model", "tiny")
        .param("temperature", 0.5)
        .metric("loss", 0.25)
        .metric("loss", 0.125, 1)
        .text("prompt.txt", "Hello, server");
  }

  public void kept(TrackedRequest handle) {
    kept.set(handle);
  }

  public @Nullable TrackedRequest kept() {
    return kept.get();
  }

  /** Closes the gate again, before a test. */
  public void reset() {
    gate = new CountDownLatch(1);
    atTheGate = false;
    kept.set(null);
    thrown.set(null);
    escaped.set(null);
  }

  /** What gated endpoints wait for. */
  public void gate() {
    atTheGate = true;
    try {
      if (!gate.await(RecordingSink.PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        throw new IllegalStateException("the test did not open the gate");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Whether an endpoint has come to the gate. */
  public boolean isAtTheGate() {
    return atTheGate;
  }

  /** What the error page answers with to an exception; waits for the gate where that is asked. */
  public int answerOfPage(PagedException thrown) {
    if (thrown.status() == GATED) {
      gate();
      return 500;
    }
    return thrown.status();
  }

  /** Lets gated endpoints go on. */
  public void openGate() {
    gate.countDown();
  }

  @Override
  public void close() {
    workers.shutdownNow();
  }
}
