// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.RequestEvent;
import io.runtracker.internal.event.EventBytes;
import io.runtracker.internal.log.Backlog;
import io.runtracker.internal.log.Positions;
import io.runtracker.internal.log.SpooledEvent;
import io.runtracker.sink.RequestWindow;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What is written, tried again, split or set aside as one: the run of a request or of a window, or
 * the look after a run that may exist twice. Belongs to the thread that delivers or, while it is
 * sent, to the one that sends it.
 */
final class Unit {

  /** What becomes of the events. Its number is what a spool knows it by. */
  enum Kind {
    RUN(1),
    WINDOW(2);

    final int number;

    Kind(int number) {
      this.number = number;
    }
  }

  private static final String PART = ".";

  /**
   * So many at once for what is found by taking apart: of 10,000 requests the one is found in five
   * steps, each of which has tried it. More would not fit one digit of an id.
   */
  private static final int PARTS = 8;

  final String id;
  final Kind kind;

  // Volatile: delivery's thread asks where events are while the one that sends reads them again.
  // It looks here first, and then at those that are left out.
  volatile Positions positions;

  /** Of a run; null where it is read when it is sent. */
  byte @Nullable [] event;

  /** What its events take as bytes. */
  long bytes;

  /** When the oldest of its requests was complete, in milliseconds since the epoch. */
  long oldestMillis = System.currentTimeMillis();

  /** The run's id once it is known to exist. */
  @Nullable String runId;

  /** Whether a create went out whose outcome nobody knows. */
  boolean mayExist;

  /** Whether it was created again after a look-up found nothing: there may be two runs one day. */
  boolean isRepeated;

  /** Whether it has only to be seen to that its run does not exist twice. */
  boolean sweeps;

  /** Whether its run is to be taken back, because its events are to go out in parts. */
  boolean splits;

  /** Whether those parts are runs, one for each event, and no smaller windows. */
  boolean becomesRuns;

  /** Whether a complete of its run went out, or may have, whose outcome nobody knows. */
  boolean mayBeComplete;

  /** Whether its events went out, and not only what it is called: the answer may be about them. */
  boolean contentWasSent;

  /** How often it was answered that its run cannot be taken back. */
  int takingBackFailed;

  /** In how many. */
  private int parts;

  /** Events of a window that could not be read again, or not be put into it. */
  volatile Positions leftOut = Positions.NONE;

  /**
   * Whether its events are read when it is sent, and held no longer: a process before has planned
   * it, or it is a part of a window.
   */
  boolean isReadAgain;

  Tries tries;

  /** Of the taking back, whose failures say nothing of its requests. */
  Tries triesToTakeBack;

  /** Whether it takes no room from those that are read ahead, because it failed. */
  boolean standsAside;

  long notBeforeNanos = System.nanoTime();
  long failedNanos;
  long handedOutNanos;

  /** How long the last try took. */
  long tookNanos;

  /** Of a window as long as it is held; of a run while it is sent. */
  private @Nullable Draft draft;

  Unit(String id, Kind kind, Positions positions) {
    this.id = id;
    this.kind = kind;
    this.positions = positions;
    this.tries = new Tries(isWindow());
    this.triesToTakeBack = tries.ofSmaller();
  }

  /** The run of one event. No other event ever has its position. */
  static Unit runOf(long position) {
    return new Unit("r" + position, Kind.RUN, Positions.of(position));
  }

  /** A window, of which nothing is kept but its draft. */
  static Unit windowOf(String id, Draft filled, Positions positions) {
    Unit unit = new Unit(id, Kind.WINDOW, positions);
    unit.draft = filled;
    return unit;
  }

  /** As {@link #runOf(long)}, of one that was read. */
  static Unit runOf(SpooledEvent spooled) {
    Unit run = runOf(spooled.position());
    try {
      run.oldestMillis = EventBytes.of(spooled).endMillis();
    } catch (IOException damaged) {
      // nobody knows when it ended; it is now that it is found to be damaged
    }
    return run;
  }

  /** Its bytes, which the unit holds from now on. */
  Unit holding(SpooledEvent spooled) {
    byte[] held = bytesOf(spooled);
    event = held;
    bytes = held.length;
    return this;
  }

  static byte[] bytesOf(SpooledEvent spooled) {
    int end = spooled.offset() + spooled.length();
    return java.util.Arrays.copyOfRange(spooled.array(), spooled.offset(), end);
  }

  /**
   * One part of this window; its events are read again when it is sent.
   *
   * @param number of one digit
   */
  Unit part(int number, Positions some, Tries tried) {
    Unit part = new Unit(id + PART + number, kind, some);
    part.bytes = bytes * some.size() / Math.max(positions.size(), 1);
    part.oldestMillis = oldestMillis;
    part.isReadAgain = true;
    part.tries = tried;
    return part;
  }

  /** The id of what this one is a part of; null when it is whole. */
  static @Nullable String wholeOf(String id) {
    int end = id.length() - PART.length() - 1;
    return end > 0 && id.startsWith(PART, end) ? id.substring(0, end) : null;
  }

  /** Whether it was part of another window. */
  boolean isPart() {
    return wholeOf(id) != null;
  }

  /** One that looks, later, whether there is a second run beside its own. */
  Unit sweeping() {
    return sweepOf(id + ".sweep", String.valueOf(runId));
  }

  static Unit sweepOf(String id, String runId) {
    Unit sweep = new Unit(id, Kind.RUN, Positions.NONE);
    sweep.sweeps = true;
    sweep.runId = runId;
    return sweep;
  }

  /** How often what it does now has failed. */
  int failed() {
    return splits ? takingBackFailed + triesToTakeBack.failed : tries.failed;
  }

  /** The sink said that its run is not there, so it is created again. */
  void runIsGone() {
    runId = null;
    mayBeComplete = false;
  }

  boolean isWindow() {
    return kind == Kind.WINDOW;
  }

  int size() {
    return (int) positions.size();
  }

  /** Of what may be found in one of its events. */
  void splitBecauseOfItsContent() {
    becomesRuns = false;
    split(Math.min(PARTS, size()));
  }

  void splitBecauseOfItsSize() {
    split(2);
    tries = tries.ofSmaller();
  }

  /** Because the sink takes no windows. */
  void splitIntoRuns() {
    becomesRuns = true;
    split(size());
  }

  /** Of a life before, which had begun to. */
  void splitAsBefore() {
    if (becomesRuns) {
      splitIntoRuns();
    } else {
      splitBecauseOfItsContent();
    }
  }

  private void split(int number) {
    splits = true;
    triesToTakeBack = tries.ofSmaller();
    parts = number;
    draft = null;
    tookNanos = 0; // what comes next is another call
  }

  /** What takes the place of a window that is split. */
  List<Unit> parts() {
    List<Unit> made = new ArrayList<>();
    Positions left = positions;
    for (int i = 0; i < parts; i++) {
      Positions some = left.firstOnes(left.size() / (parts - i));
      left = left.minus(some);
      made.add(part(i, some, tries.ofPart()));
    }
    return made;
  }

  /** Whether none of its requests can be put into it again, and they may be in its run. */
  boolean isLeftOutWhole() {
    return positions.isEmpty() && !leftOut.isEmpty() && (runId != null || mayExist);
  }

  void isWholeAgain() {
    positions = positions.plus(leftOut); // first: an event is in one of the two
    leftOut = Positions.NONE;
  }

  private RequestEvent decoded() throws IOException {
    byte[] encoded = Objects.requireNonNull(event);
    return new EventBytes(encoded, 0, encoded.length).decode();
  }

  /** Reads its events, unless it holds them. */
  void prepare(Drafts drafts, Backlog log) throws IOException {
    if (draft != null) {
      return;
    }
    if (isWindow()) {
      draft = readWindow(drafts, log);
      return;
    }
    if (event == null) {
      log.read(positions, spooled -> event = bytesOf(spooled));
    }
    if (event == null) {
      throw new IOException("the event cannot be read");
    }
    draft = drafts.ofEvent(positions.first(), new EventBytes(event, 0, event.length));
  }

  /** It is not sent now, so it need not hold what can be read again. */
  void letGo() {
    if (isReadAgain) {
      event = null;
    }
    if (isReadAgain || !isWindow()) {
      draft = null;
    }
  }

  private Draft readWindow(Drafts drafts, Backlog log) throws IOException {
    Drafts.Filling fresh = drafts.newWindow();
    Positions.Builder found = new Positions.Builder();
    long[] span = {Long.MAX_VALUE, Long.MIN_VALUE};
    log.read(
        positions,
        spooled -> {
          try {
            EventBytes encoded = EventBytes.of(spooled);
            fresh.add(spooled.position(), encoded);
            span[0] = Math.min(span[0], encoded.startMillis());
            span[1] = Math.max(span[1], encoded.endMillis());
            found.add(spooled.position());
          } catch (IOException | RuntimeException unfit) {
            return; // it is left out
          }
        });
    Positions kept = found.build();
    leftOut = leftOut.plus(positions.minus(kept)); // first: an event is in one of the two
    positions = kept;
    if (positions.isEmpty()) {
      throw new IOException("none of the window's events can be read");
    }
    Instant start = Instant.ofEpochMilli(span[0]);
    Instant end = Instant.ofEpochMilli(span[1]);
    return fresh.filled(new RequestWindow(id, start, end, size(), Map.of()));
  }

  /** What it writes. Its events were read, or it holds them. */
  Draft draft() {
    return Objects.requireNonNull(draft);
  }

  /** What a sink knows it by, also where its events were never read. */
  RequestWindow describedById() {
    int all = (int) positions.plus(leftOut).size();
    return new RequestWindow(id, Instant.EPOCH, Instant.EPOCH, all, Map.of());
  }

  @Override
  public String toString() {
    try {
      return isWindow()
          ? id + " (" + size() + " requests)"
          : event == null ? id : decoded().toString();
    } catch (IOException | RuntimeException unreadable) {
      return id;
    }
  }
}
