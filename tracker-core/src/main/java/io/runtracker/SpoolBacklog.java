// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.spool.SegmentLog;
import io.runtracker.spool.SegmentLogOptions;
import io.runtracker.spool.SpoolException;
import io.runtracker.spool.SpoolLockedException;
import io.runtracker.spool.SpoolStats;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A backlog on disk. What is being delivered, and what the disk would not take, is in memory too,
 * in a {@link MemoryBacklog}; the rest is read when its turn comes.
 */
final class SpoolBacklog implements Backlog {

  /**
   * More events than this are not in memory for delivery as runs, however many of them must be
   * tried again. Windows need more.
   */
  static final int MOST_RUNS_IN_MEMORY = 1024;

  private static final long TRY_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(30);

  private static final Logger logger = LoggerFactory.getLogger(Tracker.class);

  private final SegmentLog log;
  private final MemoryBacklog memory;
  private final EventFiles rejected;
  private final DuplicateSweep sweep;
  private final SpoolAccounts accounts;
  private final SpoolWindows windows;
  private final Counts counts;
  private final RateLimitedLog warnings = new RateLimitedLog(logger);
  private final SpoolReader reader;

  private SpoolBacklog(
      SegmentLog log,
      Path directory,
      Settings settings,
      MemoryBacklog memory,
      Supplier<WindowDraft> drafts,
      Counts counts)
      throws IOException {
    this.log = log;
    this.memory = memory;
    this.counts = counts;
    this.rejected = new EventFiles(directory, EventFiles.REJECTED);
    this.sweep = DuplicateSweep.in(directory, settings.lookupDelay());
    this.accounts = new SpoolAccounts(log, counts);
    this.windows =
        new SpoolWindows(
            directory,
            settings.durability() == SegmentLogOptions.Durability.POWER,
            this::commit,
            drafts);
    long lookUpNotBefore = System.nanoTime() + settings.lookupDelay().toNanos();
    this.reader = new SpoolReader(log, rejected, accounts, windows, lookUpNotBefore);
    memory.readFrom(reader);
    report(directory);
  }

  /**
   * Opens the spool of a directory and takes up what a process before left there.
   *
   * @param drafts the sink's
   * @throws IOException when it cannot be used; the message names the directory and says why
   */
  static SpoolBacklog open(
      Path directory,
      Settings settings,
      MemoryBacklog memory,
      Supplier<WindowDraft> drafts,
      Counts counts)
      throws IOException {
    SegmentLogOptions options =
        SegmentLogOptions.ofQuota(settings.spoolQuota()).withDurability(settings.durability());
    if (!settings.spoolShared()) {
      return open(directory, options, settings, memory, drafts, counts);
    }
    for (int instance = 0; ; instance++) {
      try {
        Path own = directory.resolve("instance-" + instance);
        return open(own, options, settings, memory, drafts, counts);
      } catch (SpoolLockedException taken) {
        logger.debug("Another process uses this one", taken);
      }
    }
  }

  private static SpoolBacklog open(
      Path directory,
      SegmentLogOptions options,
      Settings settings,
      MemoryBacklog memory,
      Supplier<WindowDraft> drafts,
      Counts counts)
      throws IOException {
    SegmentLog log = SegmentLog.open(directory, options);
    try {
      return new SpoolBacklog(log, directory, settings, memory, drafts, counts);
    } catch (IOException | RuntimeException e) {
      log.close();
      throw e;
    }
  }

  private void report(Path directory) {
    if (log.recovery().damaged()) {
      logger.warn("The spool in {} was damaged: {}", directory, log.recovery());
    }
    long waiting = log.stats().live();
    if (waiting > 0) {
      logger.info("The spool in {} holds {} requests to deliver", directory, waiting);
    }
  }

  @Override
  public int add(List<RequestEvent> group) {
    List<byte[]> payloads = new ArrayList<>(group.size());
    for (RequestEvent event : group) {
      payloads.add(EventCodec.encode(event));
    }
    int refusedByMemory = 0;
    try {
      int refused = log.append(payloads).refused();
      if (refused > 0) {
        counts.dropped(DropReason.SPOOL_FULL, refused);
        warnings.warn(
            "quota",
            "The spool has reached its quota; requests are dropped and counted as SPOOL_FULL");
      }
    } catch (SpoolException | RuntimeException e) {
      warnings.warn("append", "The spool cannot be written; requests are kept in memory only", e);
      refusedByMemory = memory.add(group);
    }
    memory.wake();
    return refusedByMemory;
  }

  /** What fits into the quota is known when it is encoded, and not before. */
  @Override
  public boolean isFull() {
    return false;
  }

  @Override
  public @Nullable PendingRun take(Duration atMost) throws InterruptedException {
    PendingRun run = memory.take(atMost);
    if (run == null) {
      commit(); // nothing is due: a good time
    }
    return run;
  }

  @Override
  public @Nullable PendingRun takeWindow() {
    return memory.takeWindow();
  }

  /** Makes safe what is known of the deliveries so far. */
  private boolean commit() {
    try {
      log.commit();
      return true;
    } catch (SpoolException e) {
      warnings.warn("commit", "The spool cannot be written; it is tried again", e);
      return false;
    }
  }

  @Override
  public void created(PendingRun run, String runId) {
    run.created(runId);
    long[] positions = run.positions();
    if (positions.length > 0) {
      try {
        log.created(positions[0], runId);
      } catch (SpoolException e) {
        warnings.warn(
            "created",
            "The spool cannot be written; a crash now may leave a request recorded twice",
            e);
      }
    }
  }

  @Override
  public DuplicateSweep sweep() {
    return sweep;
  }

  @Override
  public void retry(PendingRun run) {
    memory.retry(run);
  }

  @Override
  public void delivered(PendingRun run) {
    if (run instanceof PendingWindow window) {
      windows.delivered(window);
    }
    settle(run, null);
  }

  @Override
  public void dropped(PendingRun run, DropReason reason, String cause) {
    try {
      if (run instanceof PendingWindow window) {
        rejected.add(window.window(), events(window), reason + ": " + cause);
      } else if (run instanceof PendingEvent event) {
        rejected.add(event.event(), reason + ": " + cause);
      }
    } catch (IOException | RuntimeException e) {
      warnings.warn("rejected", "A refused request could not be set aside; it is tried again", e);
      run.notBefore(System.nanoTime() + TRY_AGAIN_NANOS);
      memory.retry(run);
      return;
    }
    settle(run, reason);
  }

  /** Read again, because a window holds its requests in the form of the sink's alone. */
  private List<RequestEvent> events(PendingWindow window) throws IOException {
    List<RequestEvent> events = reader.read(window.positions());
    events.addAll(window.unspooledEvents());
    return events;
  }

  private void settle(PendingRun run, @Nullable DropReason reason) {
    long[] positions = run.positions();
    memory.settle(
        run,
        reason,
        () -> {
          reader.settle(positions, reason);
          countUnspooled(run.size() - positions.length, reason);
        });
    if (run instanceof PendingWindow window) {
      windows.forget(window.window().windowId());
    }
  }

  /** Those that the disk would not take. */
  private void countUnspooled(int number, @Nullable DropReason reason) {
    if (reason == null) {
      counts.delivered(number);
    } else {
      counts.dropped(reason, number);
    }
  }

  @Override
  public void close() {
    memory.close();
    try {
      accounts.write();
      log.close();
    } catch (SpoolException e) {
      logger.warn("The spool could not be closed cleanly; nothing that is in it is lost", e);
    }
  }

  @Override
  public long size() {
    return memory.size() + reader.waiting();
  }

  @Override
  public long bytes() {
    return memory.bytes();
  }

  @Override
  public long spoolBytes() {
    return log.stats().bytes();
  }

  @Override
  public boolean isWritingWindows() {
    return memory.isWritingWindows();
  }

  @Override
  public Duration oldestAge() {
    return memory.oldestAge();
  }

  @Override
  public BooleanSupplier allSettled() {
    SpoolStats now = log.stats();
    BooleanSupplier inMemory = memory.allSettled();
    return () -> inMemory.getAsBoolean() && isSettledBelow(now.nextSequence());
  }

  private boolean isSettledBelow(long position) {
    boolean allRead = reader.hasReadUpTo(position);
    boolean settled = reader.isSettledBelow(position);
    if (allRead && !settled) {
      memory.hurry();
    }
    return allRead && settled;
  }
}
