// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.spool.SegmentLog;
import io.runtracker.spool.SegmentLogOptions;
import io.runtracker.spool.SpoolException;
import io.runtracker.spool.SpoolLockedException;
import io.runtracker.spool.SpoolStats;
import io.runtracker.spool.SpooledEvent;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A backlog on disk. What is being delivered, and what the disk would not take, is in memory too,
 * in a {@link MemoryBacklog}; the rest is read when its turn comes.
 */
final class SpoolBacklog implements Backlog {

  /**
   * More events than this are not in memory for delivery, however many of them must be tried again.
   */
  private static final int MOST_IN_MEMORY = 1024;

  private static final long TRY_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(30);

  private static final Logger logger = LoggerFactory.getLogger(Tracker.class);

  private final SegmentLog log;
  private final MemoryBacklog memory;
  private final EventFiles rejected;
  private final DuplicateSweep sweep;
  private final SpoolAccounts accounts;
  private final Counts counts;
  private final RateLimitedLog warnings = new RateLimitedLog(logger);
  private final ConcurrentSkipListSet<Long> handedOut = new ConcurrentSkipListSet<>();
  private final long lookUpNotBeforeNanos;
  private volatile long nextUnread;

  private SpoolBacklog(
      SegmentLog log, Path directory, MemoryBacklog memory, Counts counts, Duration lookupDelay)
      throws IOException {
    this.log = log;
    this.memory = memory;
    this.counts = counts;
    this.rejected = new EventFiles(directory, EventFiles.REJECTED);
    this.sweep = DuplicateSweep.in(directory, lookupDelay);
    this.accounts = new SpoolAccounts(log, counts);
    this.lookUpNotBeforeNanos = System.nanoTime() + lookupDelay.toNanos();
    memory.readFrom(this::next);
    report(directory);
  }

  /**
   * Opens the spool of a directory and takes up what a process before left there.
   *
   * @throws IOException when it cannot be used; the message names the directory and says why
   */
  static SpoolBacklog open(Path directory, Settings settings, MemoryBacklog memory, Counts counts)
      throws IOException {
    SegmentLogOptions options =
        SegmentLogOptions.defaults()
            .withQuotaBytes(settings.spoolQuota())
            .withDurability(settings.durability());
    if (!settings.spoolShared()) {
      return open(directory, options, settings, memory, counts);
    }
    for (int instance = 0; ; instance++) {
      try {
        Path own = directory.resolve("instance-" + instance);
        return open(own, options, settings, memory, counts);
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
      Counts counts)
      throws IOException {
    SegmentLog log = SegmentLog.open(directory, options);
    try {
      return new SpoolBacklog(log, directory, memory, counts, settings.lookupDelay());
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
  public void add(List<RequestEvent> group) {
    List<byte[]> payloads = new ArrayList<>(group.size());
    for (RequestEvent event : group) {
      payloads.add(EventCodec.encode(event));
    }
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
      memory.add(group);
    }
    memory.wake();
  }

  /** The next event on disk, brought into memory; called under the lock of {@link #memory}. */
  private @Nullable PendingRun next() {
    if (memory.heldUnderLock() >= MOST_IN_MEMORY) {
      return null;
    }
    try {
      PendingRun run = null;
      while (run == null) {
        SpooledEvent spooled = log.poll();
        accounts.countLost();
        if (spooled == null) {
          return null;
        }
        handedOut.add(spooled.sequence());
        nextUnread = spooled.sequence() + 1;
        run = bringIn(spooled);
      }
      return run;
    } catch (SpoolException e) {
      warnings.warn("read", "The spool cannot be read; it is tried again", e);
      return null;
    }
  }

  private @Nullable PendingRun bringIn(SpooledEvent spooled) {
    long position = spooled.sequence();
    RequestEvent event;
    try {
      event = EventCodec.decode(spooled.payload());
    } catch (IOException | RuntimeException e) {
      warnings.warn("decode", "An event in the spool cannot be read and is set aside", e);
      rejected.addUnreadable(position, spooled.payload());
      settle(position, DropReason.DAMAGED);
      return null;
    }
    PendingRun run = new PendingRun(event, position);
    if (spooled.runId() != null) {
      run.created(spooled.runId());
    } else if (accounts.mayHaveBeenSentBefore(position)) {
      run.mayExist(true);
      run.notBefore(lookUpNotBeforeNanos);
    }
    accounts.handOut(position);
    return run;
  }

  @Override
  public @Nullable PendingRun take(Duration atMost) throws InterruptedException {
    PendingRun run = memory.take(atMost);
    if (run == null) {
      writeWhatWaits();
    }
    return run;
  }

  /** Nothing is due: a good time to make safe what is known of the deliveries so far. */
  private void writeWhatWaits() {
    try {
      log.commit();
    } catch (SpoolException e) {
      warnings.warn("commit", "The spool cannot be written; it is tried again", e);
    }
  }

  @Override
  public void created(PendingRun run, String runId) {
    run.created(runId);
    if (run.isSpooled()) {
      try {
        log.created(run.position(), runId);
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
    if (run.isSpooled()) {
      memory.settle(run, () -> settle(run.position(), null));
    } else {
      memory.delivered(run);
    }
  }

  @Override
  public void dropped(PendingRun run, DropReason reason, String cause) {
    try {
      rejected.add(run.event(), reason + ": " + cause);
    } catch (IOException | RuntimeException e) {
      warnings.warn("rejected", "A refused request could not be set aside; it is tried again", e);
      run.notBefore(System.nanoTime() + TRY_AGAIN_NANOS);
      memory.retry(run);
      return;
    }
    if (run.isSpooled()) {
      memory.settle(run, () -> settle(run.position(), reason));
    } else {
      memory.dropped(run, reason, cause);
    }
  }

  private void settle(long position, @Nullable DropReason reason) {
    accounts.settle(position, reason);
    handedOut.remove(position);
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
    return memory.size() + Math.max(0, log.stats().live() - handedOut.size());
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
    boolean allRead = nextUnread >= position || log.stats().live() <= handedOut.size();
    return allRead && handedOut.headSet(position).isEmpty();
  }
}
