// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.spool.SegmentLog;
import io.runtracker.spool.SpoolException;
import io.runtracker.spool.SpooledEvent;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** Brings what is in a spool into memory when its turn comes, and knows what is out. */
final class SpoolReader implements BacklogSource {

  private final SegmentLog log;
  private final EventFiles rejected;
  private final SpoolAccounts accounts;
  private final SpoolWindows windows;
  private final long lookUpNotBeforeNanos;
  private final RateLimitedLog warnings =
      new RateLimitedLog(LoggerFactory.getLogger(Tracker.class));
  private final ConcurrentSkipListSet<Long> out = new ConcurrentSkipListSet<>();

  /** The size of {@link #out}, which that would count one by one. */
  private final AtomicInteger outCount = new AtomicInteger();

  private volatile long nextUnread;

  /**
   * @param lookUpNotBeforeNanos when what a process before this one may have sent is looked up
   */
  SpoolReader(
      SegmentLog log,
      EventFiles rejected,
      SpoolAccounts accounts,
      SpoolWindows windows,
      long lookUpNotBeforeNanos) {
    this.log = log;
    this.rejected = rejected;
    this.accounts = accounts;
    this.windows = windows;
    this.lookUpNotBeforeNanos = lookUpNotBeforeNanos;
  }

  @Override
  public @Nullable PendingRun next(long ticket, int roomFor) {
    PendingWindow whole = windows.complete(nextUnread, lookUpNotBeforeNanos);
    if (whole != null || roomFor <= 0) {
      return whole;
    }
    try {
      PendingRun run = null;
      while (run == null) {
        SpooledEvent spooled = log.poll();
        accounts.countLost();
        if (spooled == null) {
          return windows.complete(log.stats().nextSequence(), lookUpNotBeforeNanos);
        }
        if (out.add(spooled.sequence())) {
          outCount.incrementAndGet();
        }
        nextUnread = spooled.sequence() + 1;
        run = bringIn(spooled, ticket);
      }
      return run;
    } catch (SpoolException e) {
      warnings.warn("read", "The spool cannot be read; it is tried again", e);
      return null;
    }
  }

  private @Nullable PendingRun bringIn(SpooledEvent spooled, long ticket) {
    long position = spooled.sequence();
    SpoolWindows.Rebuilt window = windows.of(position);
    if (window != null && window.isDelivered()) {
      settle(new long[] {position}, null);
      return null;
    }
    RequestEvent event;
    try {
      event = EventCodec.decode(spooled.payload());
    } catch (IOException | RuntimeException e) {
      warnings.warn("decode", "An event in the spool cannot be read and is set aside", e);
      rejected.addUnreadable(position, spooled.payload());
      settle(new long[] {position}, DropReason.DAMAGED);
      return null;
    }
    PendingEvent run = new PendingEvent(event, ticket, position);
    if (window != null && isPutBack(run, window, spooled.runId())) {
      return windows.complete(nextUnread, lookUpNotBeforeNanos);
    }
    if (window == null && spooled.runId() != null) {
      run.created(spooled.runId());
    } else if (accounts.mayHaveBeenSentBefore(position)) {
      run.mayExist(true);
      run.notBefore(lookUpNotBeforeNanos);
    }
    return run;
  }

  /** Those of the events at these places, all of them out, that can be read once more. */
  List<RequestEvent> read(long[] positions) throws IOException {
    List<RequestEvent> events = new ArrayList<>(positions.length);
    for (long position : positions) {
      byte[] payload = log.read(position);
      if (payload == null) {
        warnings.warn("read again", "A request in the spool cannot be read a second time");
      } else {
        events.add(EventCodec.decode(payload));
      }
    }
    return events;
  }

  /** False for what the sink, which may be another one now, does not take into a window. */
  private boolean isPutBack(
      PendingEvent run, SpoolWindows.Rebuilt window, @Nullable String windowRunId) {
    try {
      window.add(run, windowRunId);
      return true;
    } catch (Throwable fault) {
      warnings.warn(
          "window", "A request could not be put back into its window and gets its own run", fault);
      return false;
    }
  }

  @Override
  public long waiting() {
    return Math.max(0, log.stats().live() - outCount.get());
  }

  @Override
  public void closed(PendingWindow window) {
    windows.closed(window);
  }

  @Override
  public void handedOut(PendingRun run) {
    if (run instanceof PendingEvent event && event.isSpooled()) {
      accounts.handOut(event.position());
    }
  }

  /** Takes events out of the spool, as delivered or, with a reason, as dropped. */
  void settle(long[] positions, @Nullable DropReason reason) {
    if (positions.length > 0) {
      accounts.settle(positions, reason);
    }
    for (long position : positions) {
      if (out.remove(position)) {
        outCount.decrementAndGet();
      }
    }
  }

  /** Whether all events below a position have been brought into memory. */
  boolean hasReadUpTo(long position) {
    return nextUnread >= position || log.stats().live() <= outCount.get();
  }

  /** Whether none of the events below a position is out. */
  boolean isSettledBelow(long position) {
    return out.headSet(position).isEmpty();
  }
}
