// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.spool.Fields;
import io.runtracker.spool.Log;
import io.runtracker.spool.Positions;
import io.runtracker.spool.SpooledEvent;
import java.io.IOException;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
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

  final String id;
  final Kind kind;
  Positions positions;

  /** The event of a run; of a window nothing is kept but the sink's draft. */
  byte @Nullable [] event;

  @Nullable RequestWindow window;

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

  /** Whether its run is to be taken back, because its events are to go out in two halves. */
  boolean splits;

  /** Events of a window that could not be read again, or not be put into it. */
  Positions leftOut = Positions.NONE;

  /** Whether it is a window that was closed by this process, and so has held a draft since. */
  boolean holdsDraft;

  int failures;

  /** How far the others were when it failed first. */
  long deliveredBeforeFailure;

  long notBeforeNanos = System.nanoTime();
  long handedOutNanos;

  private @Nullable WindowDraft draft;

  Unit(String id, Kind kind, Positions positions) {
    this.id = id;
    this.kind = kind;
    this.positions = positions;
  }

  /** The run of one event. No other event ever has its position. */
  static Unit runOf(long position) {
    return new Unit("r" + position, Kind.RUN, Positions.of(position));
  }

  /** A window, in the form of the sink, with what is said of it. */
  static Unit windowOf(RequestWindow described, Positions positions, WindowDraft filled) {
    Unit unit = new Unit(described.windowId(), Kind.WINDOW, positions);
    unit.window = described;
    unit.draft = filled;
    unit.holdsDraft = true;
    return unit;
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

  /** A part of this window; its events are read again when it is sent. */
  Unit part(String suffix, Positions some) {
    Unit part = new Unit(id + suffix, kind, some);
    part.bytes = bytes * some.size() / Math.max(positions.size(), 1);
    part.oldestMillis = oldestMillis;
    return part;
  }

  /** One that looks, later, whether its run exists twice; it needs little of the event. */
  Unit sweeping() {
    Unit sweep = new Unit(id, kind, Positions.NONE);
    sweep.sweeps = true;
    sweep.window = window;
    sweep.event = event;
    try {
      if (!isWindow()) {
        Fields out = new Fields(256);
        EventCodec.encode(decoded().outline(), Long.MAX_VALUE, out);
        sweep.event = out.toBytes();
      }
    } catch (IOException cannotBeDecoded) {
      sweep.event = event;
    }
    return sweep;
  }

  boolean isWindow() {
    return kind == Kind.WINDOW;
  }

  int size() {
    return (int) positions.size();
  }

  void split() {
    splits = true;
    draft = null;
  }

  private RequestEvent decoded() throws IOException {
    byte[] encoded = Objects.requireNonNull(event);
    return new EncodedEvent(encoded, 0, encoded.length).decode();
  }

  /** Reads the events of a window again, where the sink has no draft of it. */
  void prepare(RunSink sink, Log log) throws IOException {
    if (!isWindow() || draft != null) {
      return;
    }
    WindowDraft fresh = ((WindowSink) sink).newWindow();
    Positions.Builder found = new Positions.Builder();
    long[] span = {Long.MAX_VALUE, Long.MIN_VALUE};
    log.read(
        positions,
        spooled -> {
          try {
            EncodedEvent encoded = EncodedEvent.of(spooled);
            fresh.add(encoded);
            span[0] = Math.min(span[0], encoded.startMillis());
            span[1] = Math.max(span[1], encoded.endMillis());
            found.add(spooled.position());
          } catch (IOException | RuntimeException unfit) {
            return; // it is left out
          }
        });
    leftOut = positions.minus(found.build());
    positions = found.build();
    if (positions.isEmpty()) {
      throw new IOException("none of the window's events can be read");
    }
    Instant start = Instant.ofEpochMilli(span[0]);
    window = new RequestWindow(id, start, Instant.ofEpochMilli(span[1]), size(), Map.of());
    draft = fresh;
  }

  String create(RunSink sink) throws SinkException, InterruptedException, IOException {
    return isWindow()
        ? Objects.requireNonNull(draft).create(Objects.requireNonNull(window))
        : sink.create(decoded());
  }

  void complete(RunSink sink, String run) throws SinkException, InterruptedException, IOException {
    if (isWindow()) {
      Objects.requireNonNull(draft).complete(run, Objects.requireNonNull(window));
    } else {
      sink.complete(run, decoded());
    }
  }

  Optional<String> find(RunSink sink) throws SinkException, InterruptedException, IOException {
    return isWindow()
        ? ((WindowSink) sink).find(Objects.requireNonNull(window))
        : sink.find(decoded());
  }

  /** As {@link RunSink#removeDuplicates}. */
  int sweep(RunSink sink) throws SinkException, InterruptedException, IOException {
    return !isWindow()
        ? sink.removeDuplicates(decoded())
        : sink instanceof WindowSink windows
            ? windows.removeDuplicates(Objects.requireNonNull(window))
            : 0;
  }

  @Override
  public String toString() {
    try {
      return isWindow() ? id + " (" + size() + " requests)" : decoded().toString();
    } catch (IOException e) {
      return id;
    }
  }
}
