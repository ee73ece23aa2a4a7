// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs that were created a second time, after a look-up found nothing of the first. Should the
 * first create take effect all the same, later than anybody waited, there are two; so these are
 * looked at once more, and the one that nobody completed is removed. With a spool they are
 * remembered across a crash, and swept after the next start.
 */
final class DuplicateSweep {

  /**
   * More than these mean a server out of its mind; the oldest are then left to be found by hand.
   */
  private static final int MOST = 1_000;

  private static final Logger logger = LoggerFactory.getLogger(Tracker.class);

  private record Due(Repeated run, long nanos) {}

  private final @Nullable EventFiles files;
  private final long delayNanos;
  private final ConcurrentLinkedQueue<Due> waiting = new ConcurrentLinkedQueue<>();

  private DuplicateSweep(@Nullable EventFiles files, Duration delay) {
    this.files = files;
    this.delayNanos = delay.toNanos();
  }

  /** Remembers in memory only. */
  static DuplicateSweep inMemory(Duration delay) {
    return new DuplicateSweep(null, delay);
  }

  /** Remembers in a spool directory, and takes up what is remembered there. */
  static DuplicateSweep in(Path spool, Duration delay) {
    EventFiles files = new EventFiles(spool, EventFiles.REPEATED);
    DuplicateSweep sweep = new DuplicateSweep(files, delay);
    try {
      for (Path file : files.files()) {
        sweep.later(EventFiles.repeated(file));
      }
    } catch (IOException | RuntimeException e) {
      logger.warn("What was created twice before the restart cannot be read; see {}", spool, e);
    }
    return sweep;
  }

  /** To be called before the second create goes out. */
  void remember(Repeated run) {
    if (files != null) {
      try {
        files.add(run, "created again, because a look-up did not find it");
      } catch (IOException | RuntimeException e) {
        logger.warn("A second create could not be remembered: {}", run, e);
      }
    }
  }

  /** To be called when the event is delivered: it is due when a late create must have shown. */
  void later(Repeated run) {
    if (waiting.size() >= MOST) {
      waiting.poll();
    }
    waiting.add(new Due(run, System.nanoTime() + delayNanos));
  }

  /** A run that is due now, or null. */
  @Nullable Repeated poll() {
    Due next = waiting.peek();
    if (next == null || next.nanos() - System.nanoTime() > 0) {
      return null;
    }
    return waiting.remove(next) ? next.run() : null;
  }

  /** Looks at a run that was due; what cannot be said yet is due again later. */
  void sweep(Repeated run, RunSink sink) throws InterruptedException {
    try {
      int removed = run.removeDuplicates(sink);
      if (removed < 0) {
        later(run);
        return;
      }
      if (removed > 0) {
        logger.info("Removed {} second run(s) of {}", removed, run);
      }
      if (files != null) {
        files.remove(run.id());
      }
    } catch (SinkException | IOException e) {
      later(run);
    }
  }
}
