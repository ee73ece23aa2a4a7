// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.DropReason;
import io.runtracker.internal.config.Settings;
import io.runtracker.internal.event.EventBytes;
import io.runtracker.internal.log.Backlog;
import io.runtracker.internal.log.FailPoint;
import io.runtracker.internal.log.Memory;
import io.runtracker.internal.log.Positions;
import io.runtracker.internal.log.SpoolException;
import io.runtracker.internal.log.SpooledEvent;
import io.runtracker.internal.stage.Counts;
import io.runtracker.internal.stage.RateLimitedLog;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes units of the events of a log: reads them in order, and puts each into the open window or
 * makes it a unit of its own.
 *
 * <p>One thread calls it, that of delivery; {@link #hurry} and the two questions at the end are for
 * any.
 */
public final class Assembler {

  /**
   * More windows than these are not closed and unsettled: they hold many requests each. One that a
   * process before has planned, or a part of one, is only read again when it is sent.
   */
  static final int MOST_WINDOWS = 2;

  /** A step of reading ends after so many events, so that what came back is looked at. */
  private static final int EVENTS_AT_ONCE = 4096;

  private final Backlog log;
  private final Journal journal;
  private final Settings settings;
  private final UnsettledUnits units;
  private final Blame blame;
  private final int inFlight;
  private final Drafts drafts;
  private final String source;
  private final Counts counts;
  private final RateLimitedLog warnings;
  private final Consumer<FailPoint> failPoints;
  private final WindowMode mode;
  private final int mostRows;
  private final long longestOpenNanos;
  private final WindowSize size;

  /** Events that a process before has planned; they are read when their units are sent. */
  private volatile Positions planned = Positions.NONE;

  /** What was read last, until it belongs to a unit. */
  private @Nullable SpooledEvent unrouted;

  /** Damage may have cost the plans of events below, so they are looked up as if planned. */
  private final long unsureBelow;

  private OpenWindow window;
  private Map<DropReason, Long> droppedBefore = Map.of();
  private volatile long mostHeld = Long.MAX_VALUE;
  private volatile long hurriedBelow;
  private volatile boolean writingWindows;
  private volatile long ageNanos;

  /** The same without what failed, which says nothing of how fast the sink is. */
  private long waitingNanos;

  Assembler(
      Backlog log,
      Journal journal,
      Settings settings,
      UnsettledUnits units,
      Blame blame,
      WindowMode mode,
      int inFlight,
      Drafts drafts,
      String source,
      Counts counts,
      RateLimitedLog warnings,
      Consumer<FailPoint> failPoints) {
    this.log = log;
    this.journal = journal;
    this.settings = settings;
    this.units = units;
    this.blame = blame;
    this.mode = mode;
    this.inFlight = inFlight;
    this.drafts = drafts;
    this.window = new OpenWindow(drafts);
    this.source = source;
    this.counts = counts;
    this.warnings = warnings;
    this.failPoints = failPoints;
    // At most half of what memory holds, so that the next window can fill meanwhile.
    this.mostRows = Math.min(settings.windowRows, Math.max(settings.queueSize / 2, 1));
    this.longestOpenNanos = Math.min(settings.windowAge.toNanos(), drafts.longestOpenNanos());
    this.size = new WindowSize(Math.min(settings.windowBytes, settings.queueBytes / 2));
    this.writingWindows = mode.isOn();
    Memory memory = log.memory();
    this.unsureBelow = memory == null ? 0 : memory.unsureBelow();
    journal.recovered().forEach(this::takeUp);
  }

  private void takeUp(Unit unit) {
    unit.notBeforeNanos += unit.runId == null ? settings.lookupDelay.toNanos() : 0;
    if (unit.sweeps && !drafts.areRepeatable()) {
      units.waiting().add(unit);
    } else if (!drafts.areRepeatable() && (!unit.isWindow() || drafts.takeWindows())) {
      planned = planned.plus(unit.positions);
      if (unit.becomesRuns && !mode.mayWriteRuns()) {
        unit.splitBecauseOfItsContent();
      }
      units.takeIn(unit);
    } else {
      journal.giveUp(unit); // the sink is another one now
    }
  }

  /** Sees to it that events are where they belong now. True when there may be more to do. */
  boolean assemble(long now) throws SpoolException {
    journal.countLost();
    mode.look(log.live() - units.rows() - window.rows(), waitingNanos, now);
    writingWindows = mode.isOn();
    int left = EVENTS_AT_ONCE;
    closeWindowIfDue(now);
    while (left > 0 && hasRoom()) {
      SpooledEvent event = unrouted == null ? log.next() : unrouted;
      if (event == null) {
        break;
      }
      unrouted = event; // a fault leaves it here, to be routed then
      route(event, now);
      closeWindowIfDue(now);
      left--;
    }
    release();
    return left == 0;
  }

  private boolean hasRoom() {
    return mode.isOn()
        ? window.rows() < mostRows && window.bytes() < mostWindowBytes()
        : units.mayHoldRun() && mayReadRun();
  }

  /** One after the other tells enough of whether others pass, where there is no room for many. */
  private boolean mayReadRun() {
    return units.areTooManyAside() ? !units.holdsRun() : units.waiting().fresh() < inFlight;
  }

  private void route(SpooledEvent event, long now) {
    failPoints.accept(FailPoint.BEFORE_ROUTE);
    if (!planned.contains(event.position()) && !isPutIntoWindow(event, now)) {
      failPoints.accept(FailPoint.BEFORE_HOLD);
      Unit run = Unit.runOf(event).holding(event);
      if (event.position() < unsureBelow) {
        run.mayExist = true;
        run.notBeforeNanos = now + settings.lookupDelay.toNanos();
        units.takeIn(run);
      } else {
        units.takeInFresh(run);
      }
    }
    unrouted = null;
    failPoints.accept(FailPoint.AFTER_ROUTE);
  }

  private boolean isPutIntoWindow(SpooledEvent spooled, long now) {
    if (!mode.isOn()) {
      return false;
    }
    mode.arrived();
    try {
      EventBytes event = EventBytes.of(spooled);
      boolean isSpecial = mode.mayChange() && !event.isPlain();
      boolean getsRun = (isSpecial && !units.areTooManyAside()) || isARunNeededThatTells();
      if (getsRun && units.mayHoldRun() && !log.isCrowded()) {
        return false;
      }
      failPoints.accept(FailPoint.BEFORE_ROW);
      window.add(event, spooled.position(), now);
      return true;
    } catch (Throwable fault) {
      warnings.warn(
          "draft", "A request could not be put into a window and gets its own run", fault);
      return false;
    }
  }

  /**
   * Where one or a few fail, and no other run is there, nobody knows whose fault it is. With {@code
   * WINDOW} there are runs too: of requests that fit in no window.
   */
  private boolean isARunNeededThatTells() {
    return blame.lacksARunThatTells() && !units.holdsRun();
  }

  private void closeWindowIfDue(long now) {
    if (window.isEmpty() || units.windowsHeld() >= MOST_WINDOWS) {
      return;
    }
    boolean isAwaited = window.firstPosition() < hurriedBelow && log.readBelow() >= hurriedBelow;
    if (window.rows() >= mostRows
        || window.bytes() >= mostWindowBytes()
        || now - window.openedNanos() >= longestOpenNanos
        || isAwaited
        || !mode.isOn()
        || log.isCrowded()) {
      closeWindow();
    }
  }

  private void closeWindow() {
    OpenWindow next = new OpenWindow(drafts); // first: memory may be short
    units.takeIn(window.closed(source, droppedSinceLast()));
    window = next;
  }

  private Map<DropReason, Long> droppedSinceLast() {
    Map<DropReason, Long> dropped = counts.ledger().dropped();
    Map<DropReason, Long> since = new EnumMap<>(DropReason.class);
    dropped.forEach(
        (reason, count) -> since.put(reason, count - droppedBefore.getOrDefault(reason, 0L)));
    since.values().removeIf(count -> count <= 0);
    droppedBefore = dropped;
    return since;
  }

  /** What is read, and in no window, is nobody's to read again from the heap. */
  private void release() {
    long below = log.readBelow();
    long oldest = units.oldestMillis();
    if (!window.isEmpty()) {
      below = Math.min(window.firstPosition(), below);
      oldest = Math.min(window.oldestMillis(), oldest);
    }
    log.release(below, units::inWindows);
    waitingNanos = ageNanos(oldest);
    ageNanos = ageNanos(Math.min(oldest, units.oldestAsideMillis()));
  }

  private static long ageNanos(long oldestMillis) {
    long age = System.currentTimeMillis() - oldestMillis;
    return oldestMillis == Long.MAX_VALUE ? 0 : TimeUnit.MILLISECONDS.toNanos(Math.max(age, 0));
  }

  /** Whether so much waits for a window that no run may be begun, which costs as many calls. */
  boolean areWindowsFirst() {
    long unread = log.memory() == null ? log.end() - log.readBelow() : 0;
    return mode.isOn() && units.rowsHeld() + window.rows() + unread > settings.queueSize / 4;
  }

  /** When the open window is to be closed for its age, if that is before the deadline. */
  long dueNanos(long deadline) {
    boolean closes = !window.isEmpty() && units.windowsHeld() < MOST_WINDOWS;
    return closes ? Math.min(deadline, window.openedNanos() + longestOpenNanos) : deadline;
  }

  /** How large the next windows may be, which is learned from those before. */
  WindowSize size() {
    return size;
  }

  /** As {@link Line#mayHold}. */
  void mayHold(long bytes) {
    mostHeld = bytes;
    units.mayHoldRuns(bytes);
  }

  private long mostWindowBytes() {
    return Math.min(size.mostBytes(), mostHeld / (MOST_WINDOWS + 1));
  }

  /** Closes the open window before its time, because somebody waits for what is below. */
  void hurry(long below) {
    hurriedBelow = Math.max(hurriedBelow, below);
  }

  /** The events that a process before has planned, and that are not read with the others. */
  public Positions planned() {
    return planned;
  }

  /** Whether requests are put into windows now. */
  public boolean isWritingWindows() {
    return writingWindows;
  }

  /** How long the oldest request in memory had been finished at the last look. */
  public long ageNanos() {
    return ageNanos;
  }
}
