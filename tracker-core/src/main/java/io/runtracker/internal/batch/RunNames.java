// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.batch;

import io.runtracker.RunNaming;
import io.runtracker.internal.event.RecordedEvent;
import io.runtracker.internal.stage.Daemon;
import io.runtracker.internal.stage.RateLimitedLog;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Names events by the user's function, where no handler named them. The function has a thread of
 * its own and a second for the names of one look at the ring, because the batcher waits for it: one
 * that takes longer is switched off, and named in the log.
 */
public final class RunNames {

  private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final @Nullable RunNaming naming;
  private final RateLimitedLog log;
  private final ThreadPoolExecutor thread =
      new ThreadPoolExecutor(
          1,
          1,
          10,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(),
          work -> Daemon.of(work, "runtracker-naming"));
  private volatile boolean off;
  private long leftNanos = LONGEST_NANOS;

  public RunNames(@Nullable RunNaming naming, RateLimitedLog log) {
    this.naming = naming;
    this.log = log;
    this.off = naming == null;
    thread.allowCoreThreadTimeOut(true);
  }

  /** There is a second for the names that are asked for from now on. */
  void beginLook() {
    leftNanos = LONGEST_NANOS;
  }

  /** By one thread, the batcher's. Never throws. */
  RecordedEvent named(RecordedEvent event) {
    if (off || naming == null || event.givenName() != null) {
      return event;
    }
    Future<@Nullable String> answer = null;
    try {
      long asked = System.nanoTime();
      answer = thread.submit(() -> naming.nameOf(event));
      String name = answer.get(leftNanos, TimeUnit.NANOSECONDS);
      leftNanos -= System.nanoTime() - asked;
      return name == null || name.isBlank() ? event : event.withName(name);
    } catch (TimeoutException slow) {
      off = true;
      answer.cancel(true);
      log.warn(
          "slow naming",
          "The function that names runs, "
              + naming.getClass().getName()
              + ", took longer than a second and is switched off; runs have the usual names",
          null);
      return event;
    } catch (ExecutionException fault) {
      return unnamed(event, fault.getCause());
    } catch (Throwable fault) {
      return unnamed(event, fault);
    }
  }

  private RecordedEvent unnamed(RecordedEvent event, @Nullable Throwable fault) {
    log.warn("naming", "The function that names runs failed; the run has the usual name", fault);
    return event;
  }

  void close() {
    thread.shutdownNow();
  }
}
