// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.internal.log.FailPoint;
import io.runtracker.sink.EncodedEvent;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.WindowDraft;
import io.runtracker.sink.WindowSink;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Stops all threads of a line when one of them reaches a point, and keeps what is on disk at that
 * moment: what a process leaves behind that is killed there.
 */
final class StoppedLine implements Consumer<FailPoint> {

  /** Where something on disk begins to change, and where that has ended. */
  private static final Set<FailPoint> BEGINS =
      EnumSet.of(
          FailPoint.BEFORE_WRITE,
          FailPoint.BEFORE_MIRROR,
          FailPoint.BEFORE_DELETE,
          FailPoint.BEFORE_SET_ASIDE);

  private static final Set<FailPoint> ENDS =
      EnumSet.of(
          FailPoint.AFTER_WRITE,
          FailPoint.AFTER_MIRROR,
          FailPoint.AFTER_DELETE,
          FailPoint.AFTER_SET_ASIDE);

  private final FailPoint point;
  private final AtomicInteger timesLeft;
  private final Path spool;
  private final Supplier<Long> safe;
  private final Set<FailPoint> reached = EnumSet.noneOf(FailPoint.class);
  private final AtomicInteger writing = new AtomicInteger();
  private final ReentrantReadWriteLock calls = new ReentrantReadWriteLock();
  private final CountDownLatch released = new CountDownLatch(1);
  private final AtomicReference<Path> left = new AtomicReference<>();
  private volatile long safeThen;
  private volatile boolean stopped;

  /**
   * @param times stops when the point is reached for that time
   * @param safe how many requests are safe, asked when all have stopped
   */
  StoppedLine(FailPoint point, int times, Path spool, Supplier<Long> safe) {
    this.point = point;
    this.timesLeft = new AtomicInteger(times);
    this.spool = spool;
    this.safe = safe;
  }

  @Override
  public void accept(FailPoint here) {
    synchronized (reached) {
      reached.add(here);
    }
    if (ENDS.contains(here)) {
      writing.decrementAndGet();
    }
    if (stopped) {
      standStill();
    } else if (here == point && timesLeft.decrementAndGet() == 0) {
      stopped = true;
      keep();
      standStill();
    }
    if (BEGINS.contains(here)) {
      writing.incrementAndGet();
      if (stopped && writing.decrementAndGet() >= 0) {
        standStill();
      }
    }
  }

  /**
   * Stops it now, unless it has been.
   *
   * @return what is on disk
   */
  Path stop() {
    if (timesLeft.getAndSet(0) > 0) {
      stopped = true;
      keep();
    }
    while (left.get() == null) {
      Thread.onSpinWait(); // another thread keeps it
    }
    return left.get();
  }

  private void keep() {
    while (writing.get() > 0) {
      Thread.onSpinWait(); // a write that has begun ends, as it does in the kernel
    }
    calls.writeLock().lock(); // a call that has begun takes effect, as it does in a server
    try {
      safeThen = safe.get();
      left.set(Crash.leaving(spool));
    } catch (IOException e) {
      throw new AssertionError(e);
    } finally {
      calls.writeLock().unlock();
    }
  }

  private void standStill() {
    try {
      released.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** A call of the sink. */
  interface Call<T> {
    T make() throws SinkException, InterruptedException;
  }

  /** Makes a call, unless the line was stopped: it has no effect then. */
  <T> T call(Call<T> call) throws SinkException, InterruptedException {
    calls.readLock().lock();
    try {
      if (stopped) {
        throw new SinkException(SinkException.Kind.UNAVAILABLE, "stopped", null);
      }
      return call.make();
    } finally {
      calls.readLock().unlock();
    }
  }

  /** The sink as this line sees it. */
  WindowSink seeing(WindowSink sink) {
    return new Seen(sink);
  }

  private final class Seen implements WindowSink {
    private final WindowSink sink;

    private Seen(WindowSink sink) {
      this.sink = sink;
    }

    @Override
    public WindowDraft newWindow() {
      WindowDraft draft = sink.newWindow();
      return new WindowDraft() {
        @Override
        public void add(EncodedEvent event) throws IOException {
          draft.add(event);
        }

        @Override
        public String create(RequestWindow window) throws SinkException, InterruptedException {
          return call(() -> draft.create(window));
        }

        @Override
        public void complete(String runId, RequestWindow window)
            throws SinkException, InterruptedException {
          call(
              () -> {
                draft.complete(runId, window);
                return runId;
              });
        }
      };
    }

    @Override
    public Optional<String> find(RequestWindow window) throws SinkException, InterruptedException {
      return call(() -> sink.find(window));
    }

    @Override
    public void discard(String runId) throws SinkException, InterruptedException {
      call(
          () -> {
            sink.discard(runId);
            return runId;
          });
    }

    @Override
    public String create(RequestEvent event) throws SinkException, InterruptedException {
      return call(() -> sink.create(event));
    }

    @Override
    public void complete(String runId, RequestEvent event)
        throws SinkException, InterruptedException {
      call(
          () -> {
            sink.complete(runId, event);
            return runId;
          });
    }

    @Override
    public Optional<String> find(RequestEvent event) throws SinkException, InterruptedException {
      return call(() -> sink.find(event));
    }

    @Override
    public void close() {}
  }

  /** What was on disk, or null as long as the point was not reached. */
  Path left() {
    return left.get();
  }

  long safe() {
    return safeThen;
  }

  Set<FailPoint> reached() {
    synchronized (reached) {
      return EnumSet.copyOf(reached);
    }
  }

  void release() {
    released.countDown();
  }
}
