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
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.WindowDraft;
import io.runtracker.sink.WindowSink;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
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

  /** More mean a server out of its mind; the oldest are then left to be found by hand. */
  private static final int MOST_SWEEPS = 1_000;

  /** A step of reading ends after so many events, so that what came back is looked at. */
  private static final int EVENTS_AT_ONCE = 4096;

  private static final Comparator<Unit> BY_TIME = Comparator.comparingLong(u -> u.notBeforeNanos);

  /** What has failed less may rather pass, and what is small may hold nothing bad. */
  private static final Comparator<Unit> BY_HOPE =
      Comparator.<Unit>comparingInt(u -> u.tries.failed)
          .thenComparingInt(Unit::size)
          .thenComparing(BY_TIME);

  private final Log log;
  private final Journal journal;
  private final Settings settings;
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

  /** Those of them that wait for their time. */
  private final PriorityQueue<Unit> windows = new PriorityQueue<>(BY_TIME);

  private final PriorityQueue<Unit> runs = new PriorityQueue<>(BY_TIME);
  private final PriorityQueue<Unit> sweeps = new PriorityQueue<>(BY_TIME);

  /** Those that fail while others pass, of either form. */
  private final PriorityQueue<Unit> suspects = new PriorityQueue<>(BY_TIME);

  /** Runs that were never tried; no more than can be begun, as long as they might go to windows. */
  private final Deque<Unit> fresh = new ArrayDeque<>();

  /** Events that a process before has planned; they are read when their units are sent. */
  private Positions planned = Positions.NONE;

  /** What was read last, until it belongs to a unit. */
  private @Nullable SpooledEvent unrouted;

  /** Damage may have cost the plans of events below, so they are looked up as if planned. */
  private final long unsureBelow;

  // The open window.
  private @Nullable WindowDraft draft;
  private Positions.Builder members = new Positions.Builder();
  private int rows;
  private long bytes;
  private long firstPosition;
  private long startMillis;
  private long endMillis;
  private long oldestMillis;
  private long openedNanos;

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
    this.inFlight = inFlight;
    this.trackAs = trackAs;
    this.windowSink = windowSink;
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
      sweeps.add(unit);
    } else if (!unit.isWindow() || windowSink != null) {
      planned = planned.plus(unit.positions);
      takeIn(unit, queueOf(unit));
    } else {
      journal.giveUp(unit); // the sink is another one now
    }
  }

  /** Sees to it that events are where they belong now. True when there may be more to do. */
  boolean assemble(long now) throws SpoolException {
    journal.countLost();
    mode.look(log.live() - rowsInWindows - rows, waitingNanos, now);
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
        ? rows < mostRows && bytes < mostBytes
        : mayWaitForRun() && fresh.size() < inFlight;
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
        takeIn(run, runs);
      } else {
        takeIn(run, fresh);
      }
    }
    unrouted = null;
    failPoints.accept(FailPoint.AFTER_ROUTE);
  }

  /** A unit is known, and waits in a queue; or, where memory is short, neither. */
  private void takeIn(Unit unit, Queue<Unit> queue) {
    queue.add(unit);
    boolean isKnown = false;
    try {
      (unit.isWindow() ? unsettledWindows : unsettledRuns).add(unit);
      isKnown = true;
    } finally {
      if (!isKnown) {
        queue.remove(unit);
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
    EventBytes event;
    try {
      event = EventBytes.of(spooled);
      boolean special = trackAs != TrackAs.WINDOW && !event.isPlain();
      if (special && mayWaitForRun() && !log.isCrowded()) {
        return false;
      }
      failPoints.accept(FailPoint.BEFORE_ROW);
      if (draft == null) {
        draft = Objects.requireNonNull(windowSink).newWindow();
      }
      members.reserve(spooled.position()); // what is in the draft must be among the members
      draft.add(event);
    } catch (Throwable fault) {
      warnings.warn(
          "draft", "A request could not be put into a window and gets its own run", fault);
      return false;
    }
    count(event, spooled.position(), now);
    return true;
  }

  private void count(EventBytes event, long position, long now) {
    if (rows++ == 0) {
      openedNanos = now;
      firstPosition = position;
      startMillis = event.startMillis();
      endMillis = event.endMillis();
      oldestMillis = endMillis;
    }
    members.add(position);
    firstPosition = Math.min(firstPosition, position);
    bytes += event.length();
    startMillis = Math.min(startMillis, event.startMillis());
    endMillis = Math.max(endMillis, event.endMillis());
  }

  private void closeWindowIfDue(long now) {
    if (rows == 0 || windowsHeld >= MOST_WINDOWS) {
      return;
    }
    boolean isAwaited = firstPosition < hurriedBelow && log.readBelow() >= hurriedBelow;
    if (rows >= mostRows
        || bytes >= mostBytes
        || now - openedNanos >= settings.windowAge.toNanos()
        || isAwaited
        || !mode.isOn()
        || log.isCrowded()) {
      closeWindow();
    }
  }

  private void closeWindow() {
    RequestWindow described =
        new RequestWindow(
            source + "-w" + ++closedWindows,
            Instant.ofEpochMilli(startMillis),
            Instant.ofEpochMilli(endMillis),
            rows,
            droppedSinceLast());
    Unit window = Unit.windowOf(described, members.build(), Objects.requireNonNull(draft));
    window.bytes = bytes;
    window.oldestMillis = oldestMillis;
    takeIn(window, windows);
    draft = null;
    members = new Positions.Builder();
    rows = 0;
    bytes = 0;
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
    long below = rows > 0 ? Math.min(firstPosition, log.readBelow()) : log.readBelow();
    long oldest = rows > 0 ? oldestMillis : Long.MAX_VALUE;
    for (Unit window : unsettledWindows) {
      oldest = Math.min(oldest, window.oldestMillis);
    }
    oldest = Math.min(oldest, oldestOf(unsettledRuns));
    log.release(below, this::inWindows);
    waitingNanos = ageNanos(oldest);
    ageNanos = ageNanos(Math.min(oldest, oldestOf(unsettledRunsAside)));
  }

  private Positions inWindows() {
    Positions all = Positions.NONE;
    for (Unit window : unsettledWindows) {
      all = all.plus(window.positions).plus(window.leftOut);
    }
    return all;
  }

  private static long oldestOf(Set<Unit> runs) {
    Iterator<Unit> byAge = runs.iterator(); // of a thousand the first is the oldest
    return byAge.hasNext() ? byAge.next().oldestMillis : Long.MAX_VALUE;
  }

  private static long ageNanos(long oldestMillis) {
    long age = System.currentTimeMillis() - oldestMillis;
    return oldestMillis == Long.MAX_VALUE ? 0 : TimeUnit.MILLISECONDS.toNanos(Math.max(age, 0));
  }

  /**
   * The unit to try next of those that may well pass, or null when none is due.
   *
   * @param windowsToo whether windows may be begun; that does not depend on how many runs are under
   *     way, so that slow runs never hold up what relieves them
   * @param runsToo whether runs may be begun
   */
  @Nullable Unit peek(boolean windowsToo, boolean runsToo, long now) {
    Unit next = windowsToo ? due(windows, now) : null;
    if (next == null && runsToo && !areWindowsFirst()) {
      next = due(runs, now);
      next = next == null ? fresh.peek() : next;
      next = next == null ? due(sweeps, now) : next;
    }
    return next;
  }

  /** The one to try next of those that fail while others pass, due or not; null without one. */
  @Nullable Unit peekSuspect() {
    return suspects.peek();
  }

  /**
   * The unit of which most can be learned when all fail, or null when none is due: the one that has
   * failed least. Were it one that always fails, nobody would ever hear that the others pass.
   */
  @Nullable Unit peekProbe(boolean windowsToo, boolean runsToo, long now) {
    Unit window = windowsToo ? mostHopeful(windows, now) : null;
    if (window != null && window.tries.failed == 0) {
      return window;
    }
    if (runsToo && !fresh.isEmpty()) {
      return fresh.peek();
    }
    return Stream.of(
            window,
            runsToo ? mostHopeful(runs, now) : null,
            runsToo ? mostHopeful(suspects, now) : null,
            runsToo ? due(sweeps, now) : null)
        .filter(Objects::nonNull)
        .min(BY_HOPE)
        .orElse(null);
  }

  private static @Nullable Unit mostHopeful(PriorityQueue<Unit> queue, long now) {
    return queue.stream().filter(unit -> unit.notBeforeNanos - now <= 0).min(BY_HOPE).orElse(null);
  }

  private static @Nullable Unit due(PriorityQueue<Unit> queue, long now) {
    Unit first = queue.peek();
    return first != null && first.notBeforeNanos - now <= 0 ? first : null;
  }

  /** Whether so much waits for a window that no run may be begun, which costs as many calls. */
  private boolean areWindowsFirst() {
    long unread = log.disk() == null ? log.end() - log.readBelow() : 0;
    return mode.isOn() && rowsHeld + rows + unread > settings.queueSize / 4;
  }

  /** How many of those wait. */
  int suspects() {
    return suspects.size();
  }

  /** Takes out what was shown. */
  void take(Unit unit, long now) {
    if (!fresh.remove(unit)) {
      queueOf(unit).remove(unit);
    }
    unit.handedOutNanos = now;
  }

  private PriorityQueue<Unit> queueOf(Unit unit) {
    if (unit.sweeps) {
      return sweeps;
    }
    return unit.tries.areSuspect() ? suspects : unit.isWindow() ? windows : runs;
  }

  /** Takes back a unit that was taken, to be tried again not before its time. */
  void retry(Unit unit) {
    queueOf(unit).add(unit);
  }

  /**
   * The sink is back: what failed by its fault need not wait any longer than it takes to look a run
   * up for sure.
   */
  void hasteBack() {
    for (PriorityQueue<Unit> queue : List.of(windows, runs)) {
      List<Unit> all = new ArrayList<>(queue);
      queue.clear();
      for (Unit unit : all) {
        if (unit.tries.failed > 0) {
          long lookup = unit.mayExist ? settings.lookupDelay.toNanos() : 0;
          long soon = unit.failedNanos + lookup;
          unit.notBeforeNanos = soon - unit.notBeforeNanos < 0 ? soon : unit.notBeforeNanos;
        }
        queue.add(unit);
      }
    }
  }

  /** When there is something to do at the latest, if that is before the deadline. */
  long dueNanos(boolean windowsToo, boolean runsToo, long deadline) {
    long due = windowsToo ? dueNanos(windows, deadline) : deadline;
    if (runsToo && !areWindowsFirst()) {
      due = dueNanos(runs, dueNanos(sweeps, due));
    }
    boolean closes = rows > 0 && windowsHeld < MOST_WINDOWS;
    return closes ? Math.min(due, openedNanos + settings.windowAge.toNanos()) : due;
  }

  private static long dueNanos(PriorityQueue<Unit> queue, long deadline) {
    return queue.isEmpty() ? deadline : Math.min(deadline, queue.element().notBeforeNanos);
  }

  /** The unit is in the sink. */
  void delivered(Unit unit, long now) {
    if (unit.isRepeated) {
      Unit sweep = unit.sweeping();
      journal.sweepLater(sweep);
      sweep.notBeforeNanos = now + settings.lookupDelay.toNanos();
      sweeps.add(sweep);
      if (sweeps.size() > MOST_SWEEPS) {
        journal.giveUp(sweeps.remove());
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
   * @param cause what it said, and where
   * @return whether the requests of this one are runs of their own from now on, and others for a
   *     while
   */
  boolean windowsRefused(Unit window, String cause, long now) throws SpoolException {
    if (trackAs != TrackAs.AUTO) {
      return false;
    }
    if (mode.windowsRefused(now)) {
      warnings.warn(
          "refused window", "The server takes no windows; runs are written for a while: " + cause);
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
    takeInAll(parts, queueOf(parts.get(0)));
    remove(whole);
    failPoints.accept(FailPoint.AFTER_SPLIT);
  }

  /** All of them or, where memory is short, none. */
  private void takeInAll(List<Unit> units, Queue<Unit> queue) {
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
          queue.remove(unit);
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
    takeInAll(made, fresh);
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
