// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.DropReason;
import io.runtracker.TrackAs;
import io.runtracker.internal.config.Settings;
import io.runtracker.internal.event.EventBytes;
import io.runtracker.internal.log.FailPoint;
import io.runtracker.internal.log.Log;
import io.runtracker.internal.log.Positions;
import io.runtracker.internal.log.SegmentLog;
import io.runtracker.internal.log.SpoolException;
import io.runtracker.internal.log.SpooledEvent;
import io.runtracker.internal.stage.Counts;
import io.runtracker.internal.stage.RateLimitedLog;
import io.runtracker.sink.WindowSink;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes units of the events of a log: reads them in order, puts each into the open window or makes
 * it a unit of its own, and keeps the units until they are settled.
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

  /** More requests than these do not wait for runs of their own in memory, nor more bytes. */
  private static final int MOST_RUNS = 1024;

  private static final long MOST_RUN_BYTES = 8L << 20;

  /** A step of reading ends after so many events, so that what came back is looked at. */
  private static final int EVENTS_AT_ONCE = 4096;

  private final Log log;
  private final Journal journal;
  private final Settings settings;
  private final WaitingUnits waiting;
  private final int inFlight;
  private final TrackAs trackAs;
  private final @Nullable WindowSink windowSink;
  private final String source;
  private final Counts counts;
  private final @Nullable SetAsideFiles setAsideFiles;
  private final RateLimitedLog warnings;
  private final Consumer<FailPoint> failPoints;
  private final WindowMode mode;
  private final int mostRows;
  private long mostBytes;

  // Units that are not settled, the oldest first; runs that stand aside apart.
  private final Set<Unit> unsettledWindows = new LinkedHashSet<>();
  private final Set<Unit> unsettledRuns = new LinkedHashSet<>();
  private final Set<Unit> unsettledRunsAside = new LinkedHashSet<>();

  /** Events that a process before has planned; they are read when their units are sent. */
  private Positions planned = Positions.NONE;

  /** What was read last, until it belongs to a unit. */
  private @Nullable SpooledEvent unrouted;

  /** Damage may have cost the plans of events below, so they are looked up as if planned. */
  private final long unsureBelow;

  private OpenWindow window;
  private Map<DropReason, Long> droppedBefore = Map.of();
  private long closedWindows;
  private int windowsHeld;
  private int runsHeld;
  private long runBytes;
  private long rowsInWindows;
  private long rowsHeld;
  private volatile long hurriedBelow;
  private volatile boolean writingWindows;
  private volatile long ageNanos;

  /** The same without what failed, which says nothing of how fast the sink is. */
  private long waitingNanos;

  Assembler(
      Log log,
      Journal journal,
      Settings settings,
      WaitingUnits waiting,
      int inFlight,
      TrackAs trackAs,
      @Nullable WindowSink windowSink,
      String source,
      Counts counts,
      @Nullable SetAsideFiles setAsideFiles,
      RateLimitedLog warnings,
      Consumer<FailPoint> failPoints) {
    this.log = log;
    this.journal = journal;
    this.settings = settings;
    this.waiting = waiting;
    this.inFlight = inFlight;
    this.trackAs = trackAs;
    this.windowSink = windowSink;
    this.window = new OpenWindow(windowSink);
    this.source = source;
    this.counts = counts;
    this.setAsideFiles = setAsideFiles;
    this.warnings = warnings;
    this.failPoints = failPoints;
    this.mode = new WindowMode(trackAs, settings.autoThreshold, settings.queueSize, inFlight);
    // At most half of what memory holds, so that the next window can fill meanwhile.
    this.mostRows = Math.min(settings.windowRows, Math.max(settings.queueSize / 2, 1));
    this.mostBytes = Math.min(settings.windowBytes, Math.max(settings.queueBytes / 2, 1));
    this.writingWindows = mode.isOn();
    SegmentLog disk = log.disk();
    this.unsureBelow = disk != null && disk.recovery().mayLackControls() ? disk.recoveredEnd() : 0;
    journal.recovered().forEach(this::takeUp);
  }

  private void takeUp(Unit unit) {
    unit.notBeforeNanos += unit.runId == null ? settings.lookupDelay.toNanos() : 0;
    if (unit.sweeps) {
      waiting.add(unit);
    } else if (!unit.isWindow() || windowSink != null) {
      planned = planned.plus(unit.positions);
      takeIn(unit, waiting::add);
    } else {
      journal.giveUp(unit); // the sink is another one now
    }
  }

  /** Sees to it that events are where they belong now. True when there may be more to do. */
  boolean assemble(long now) throws SpoolException {
    journal.countLost();
    mode.look(log.live() - rowsInWindows - window.rows(), waitingNanos, now);
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
        ? window.rows() < mostRows && window.bytes() < mostBytes
        : mayWaitForRun() && waiting.fresh() < inFlight;
  }

  private boolean mayWaitForRun() {
    return runsHeld < MOST_RUNS && runBytes < MOST_RUN_BYTES;
  }

  private void route(SpooledEvent event, long now) {
    failPoints.accept(FailPoint.BEFORE_ROUTE);
    if (!planned.contains(event.position()) && !isPutIntoWindow(event, now)) {
      failPoints.accept(FailPoint.BEFORE_HOLD);
      Unit run = Unit.runOf(event.position()).holding(event);
      if (event.position() < unsureBelow) {
        run.mayExist = true;
        run.notBeforeNanos = now + settings.lookupDelay.toNanos();
        takeIn(run, waiting::add);
      } else {
        takeIn(run, waiting::addFresh);
      }
    }
    unrouted = null;
    failPoints.accept(FailPoint.AFTER_ROUTE);
  }

  /** A unit is known, and waits; or, where memory is short, neither. */
  private void takeIn(Unit unit, Consumer<Unit> queue) {
    queue.accept(unit);
    boolean isKnown = false;
    try {
      (unit.isWindow() ? unsettledWindows : unsettledRuns).add(unit);
      isKnown = true;
    } finally {
      if (!isKnown) {
        waiting.remove(unit);
      }
    }
    count(unit, 1);
    if (!unit.isWindow() && !unit.isReadAgain) {
      runBytes += unit.bytes;
      log.holdOnHeap(unit.bytes);
    }
  }

  private boolean isPutIntoWindow(SpooledEvent spooled, long now) {
    if (!mode.isOn()) {
      return false;
    }
    mode.arrived();
    try {
      EventBytes event = EventBytes.of(spooled);
      boolean special = trackAs != TrackAs.WINDOW && !event.isPlain();
      if (special && mayWaitForRun() && !log.isCrowded()) {
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

  private void closeWindowIfDue(long now) {
    if (window.isEmpty() || windowsHeld >= MOST_WINDOWS) {
      return;
    }
    boolean isAwaited = window.firstPosition() < hurriedBelow && log.readBelow() >= hurriedBelow;
    if (window.rows() >= mostRows
        || window.bytes() >= mostBytes
        || now - window.openedNanos() >= settings.windowAge.toNanos()
        || isAwaited
        || !mode.isOn()
        || log.isCrowded()) {
      closeWindow();
    }
  }

  private void closeWindow() {
    OpenWindow next = new OpenWindow(windowSink); // first: memory may be short
    takeIn(window.closed(source + "-w" + ++closedWindows, droppedSinceLast()), waiting::add);
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

  /** Does nothing a second time: what settles a unit may be begun again after a fault. */
  private void remove(Unit unit) {
    boolean isKnown = unit.isWindow() ? unsettledWindows.remove(unit) : unsettledRuns.remove(unit);
    if (!isKnown && !unsettledRunsAside.remove(unit)) {
      return;
    }
    count(unit, -1);
    if (!unit.isWindow() && !unit.isReadAgain) {
      runBytes -= unit.standsAside ? 0 : unit.bytes;
      log.holdOnHeap(-unit.bytes);
    }
  }

  /** What is read again takes no room here, and keeps none from others. */
  private void count(Unit unit, int sign) {
    rowsInWindows += unit.isWindow() ? sign * unit.size() : 0;
    if (!unit.isReadAgain && !unit.standsAside) {
      windowsHeld += unit.isWindow() ? sign : 0;
      runsHeld += unit.isWindow() ? 0 : sign;
      rowsHeld += unit.isWindow() ? sign * unit.size() : 0;
    }
  }

  /** What is read, and in no window, is nobody's to read again from the heap. */
  private void release() {
    long below = log.readBelow();
    long oldest = Long.MAX_VALUE;
    if (!window.isEmpty()) {
      below = Math.min(window.firstPosition(), below);
      oldest = window.oldestMillis();
    }
    for (Unit closed : unsettledWindows) {
      oldest = Math.min(oldest, closed.oldestMillis);
    }
    oldest = Math.min(oldest, oldestOf(unsettledRuns));
    log.release(below, this::inWindows);
    waitingNanos = ageNanos(oldest);
    ageNanos = ageNanos(Math.min(oldest, oldestOf(unsettledRunsAside)));
  }

  private Positions inWindows() {
    List<Positions> all = new ArrayList<>();
    for (Unit closed : unsettledWindows) {
      all.add(closed.positions);
      all.add(closed.leftOut);
    }
    return Positions.union(all);
  }

  private static long oldestOf(Set<Unit> runs) {
    Iterator<Unit> byAge = runs.iterator(); // of a thousand the first is the oldest
    return byAge.hasNext() ? byAge.next().oldestMillis : Long.MAX_VALUE;
  }

  private static long ageNanos(long oldestMillis) {
    long age = System.currentTimeMillis() - oldestMillis;
    return oldestMillis == Long.MAX_VALUE ? 0 : TimeUnit.MILLISECONDS.toNanos(Math.max(age, 0));
  }

  /** Whether so much waits for a window that no run may be begun, which costs as many calls. */
  boolean areWindowsFirst() {
    long unread = log.disk() == null ? log.end() - log.readBelow() : 0;
    return mode.isOn() && rowsHeld + window.rows() + unread > settings.queueSize / 4;
  }

  /** When the open window is to be closed for its age, if that is before the deadline. */
  long dueNanos(long deadline) {
    boolean closes = !window.isEmpty() && windowsHeld < MOST_WINDOWS;
    return closes
        ? Math.min(deadline, window.openedNanos() + settings.windowAge.toNanos())
        : deadline;
  }

  /** The unit is in the sink. */
  void delivered(Unit unit, long now) {
    if (unit.isRepeated) {
      Unit sweep = unit.sweeping();
      journal.sweepLater(sweep);
      sweep.notBeforeNanos = now + settings.lookupDelay.toNanos();
      waiting.add(sweep);
      Unit oldest = waiting.removeSweepTooMany();
      if (oldest != null) {
        journal.giveUp(oldest);
      }
    }
    if (!unit.isWindow()) {
      mode.runTook(now - unit.handedOutNanos);
    }
    settle(unit, null);
  }

  private void settle(Unit unit, @Nullable DropReason reason) {
    failPoints.accept(FailPoint.BEFORE_SETTLE);
    journal.settle(unit, reason);
    remove(unit);
    failPoints.accept(FailPoint.AFTER_SETTLE);
  }

  /**
   * The sink takes no windows.
   *
   * @return whether the requests of this one are runs of their own from now on, and others for a
   *     while
   */
  boolean windowsRefused(Unit window, long now) throws SpoolException {
    if (trackAs != TrackAs.AUTO) {
      return false;
    }
    if (mode.windowsRefused(now)) {
      warnings.warn("refused window", "The sink takes no windows; runs are written for a while");
    }
    giveRuns(window.positions);
    remove(window);
    journal.giveUp(window);
    return true;
  }

  /**
   * A unit that failed lets others be read, however often it is tried. Were there only such, no
   * other would pass, and nobody could tell that it is them and not the sink.
   */
  void standAside(Unit unit) {
    if (!unit.standsAside) {
      count(unit, -1);
      unit.standsAside = true;
      count(unit, 1);
      if (unit.isWindow()) {
        unit.isReadAgain = true;
      } else if (unsettledRuns.remove(unit)) {
        unsettledRunsAside.add(unit);
        letGo(unit);
      }
    }
  }

  /** A run that stands aside need not be held where it can be read again. */
  private void letGo(Unit run) {
    if (!run.isReadAgain) {
      runBytes -= run.bytes;
      if (log.isOnDisk(run.positions)) {
        run.isReadAgain = true;
        log.holdOnHeap(-run.bytes);
      }
    }
  }

  /** Whether no other window that can be taken apart has fewer requests. */
  boolean isSmallest(Unit window) {
    return unsettledWindows.stream()
        .noneMatch(other -> other.size() > 1 && other.size() < window.size());
  }

  /** A window was too large for something in between; the next are smaller. */
  void windowTooLarge(Unit window) {
    mostBytes = Math.min(mostBytes, Math.max(window.bytes / 2, 1));
  }

  /**
   * Sets a unit aside for good, with the reason where a person can read it.
   *
   * @return false when it cannot be kept now, and is to be tried again
   */
  boolean setAside(Unit unit, DropReason reason, String cause) {
    failPoints.accept(FailPoint.BEFORE_SET_ASIDE);
    if (setAsideFiles != null) {
      try {
        List<byte[]> events = new ArrayList<>();
        if (unit.event != null) {
          events.add(unit.event);
        } else {
          log.read(unit.positions, event -> events.add(Unit.bytesOf(event)));
        }
        if (!events.isEmpty()) {
          setAsideFiles.add(unit.id, reason + ": " + cause, events);
        }
      } catch (IOException | RuntimeException e) {
        warnings.warn("set aside", "A refused request cannot be set aside; it is tried again", e);
        return false;
      }
    }
    failPoints.accept(FailPoint.AFTER_SET_ASIDE);
    settle(unit, reason);
    return true;
  }

  /** Smaller windows take the place of one: all of them or, where memory is short, none yet. */
  void split(Unit whole) throws SpoolException {
    failPoints.accept(FailPoint.BEFORE_SPLIT);
    List<Unit> parts = whole.parts();
    journal.split(whole, parts);
    takeInAll(parts, waiting::add);
    remove(whole);
    failPoints.accept(FailPoint.AFTER_SPLIT);
  }

  /** All of them or, where memory is short, none. */
  private void takeInAll(List<Unit> units, Consumer<Unit> queue) {
    int taken = 0;
    try {
      for (Unit unit : units) {
        takeIn(unit, queue);
        taken++;
      }
    } finally {
      if (taken < units.size()) {
        for (Unit unit : units.subList(0, taken)) {
          remove(unit);
          waiting.remove(unit);
        }
      }
    }
  }

  /** Whether a unit is not settled, nor split. */
  boolean holds(Unit unit) {
    return unsettledWindows.contains(unit)
        || unsettledRuns.contains(unit)
        || unsettledRunsAside.contains(unit);
  }

  /** What could not be put into a window again gets runs of its own, or is lost. */
  void partWith(Unit window) throws SpoolException {
    giveRuns(window.leftOut);
    rowsInWindows -= window.leftOut.size();
    window.leftOut = Positions.NONE;
  }

  private void giveRuns(Positions apart) throws SpoolException {
    List<Unit> made = new ArrayList<>();
    Positions.Builder found = new Positions.Builder();
    log.read(
        apart,
        event -> {
          made.add(Unit.runOf(event.position()).holding(event));
          found.add(event.position());
        });
    takeInAll(made, waiting::addFresh);
    if (log.disk() != null) {
      log.disk().lost(apart.minus(found.build()));
    }
  }

  /** Closes the open window before its time, because somebody waits for what is below. */
  void hurry(long below) {
    hurriedBelow = Math.max(hurriedBelow, below);
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
