// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runtracker.spool.Fields;
import io.runtracker.spool.Log;
import io.runtracker.spool.Positions;
import io.runtracker.spool.SegmentLog;
import io.runtracker.spool.SpoolException;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a spool remembers beside its events: what a unit will write, from before it is sent; the run
 * that was created for it; and the ledger. After a restart, a unit that was planned and is not done
 * is the same unit again: the same events under the same id. So it can be looked up as a whole.
 * docs/spool-format.md has the records.
 *
 * <p>Without a spool it only counts. Safe for use by any thread.
 */
final class Journal {

  private static final Logger logger = LoggerFactory.getLogger(Tracker.class);

  // The records.
  private static final int PLAN = 1;
  private static final int CREATED = 2;
  private static final int CLOSED = 3;
  private static final int SWEEP = 4;

  // Their fields.
  private static final int ID = 1;
  private static final int KIND = 2;
  private static final int POSITIONS = 3;
  private static final int RUN_ID = 5;
  private static final int EVENT = 6;
  private static final int START_MILLIS = 7;
  private static final int END_MILLIS = 8;
  private static final int SIZE = 9;

  // The fields of the ledger.
  private static final int DELIVERED = 1;
  private static final int DROPPED = 2;

  private final Log log;
  private final @Nullable SegmentLog disk;
  private final Counts counts;

  /** The records of each unit that is not over, as they were written, by its id. */
  private final Map<String, List<byte[]>> open = new ConcurrentHashMap<>();

  private byte[] laterFields = {};
  private long lostCounted;

  Journal(Log log, Counts counts) {
    this.log = log;
    this.disk = log.disk();
    this.counts = counts;
    if (disk != null) {
      disk.snapshotFrom(
          () -> {
            List<byte[]> all = new ArrayList<>();
            open.values().forEach(all::addAll);
            return all;
          });
      lostCounted = disk.stats().lost();
      restoreLedger(disk);
    }
  }

  private void restoreLedger(SegmentLog spool) {
    long delivered = 0;
    Map<DropReason, Long> dropped = new EnumMap<>(DropReason.class);
    Fields later = new Fields(16);
    byte[] ledger = spool.ledger();
    try {
      Fields.Reader in = new Fields.Reader(ledger == null ? new byte[0] : ledger);
      while (in.next()) {
        DropReason reason = in.tag() == DROPPED ? DropReason.named(in.keyAndValue().text()) : null;
        if (in.tag() == DELIVERED) {
          delivered = in.number();
        } else if (reason != null) {
          dropped.put(reason, Long.parseLong(in.keyAndValue().rest()));
        } else {
          later.field(in.tag(), in.bytesValue());
        }
      }
    } catch (IOException | NumberFormatException e) {
      logger.warn("The ledger of the spool cannot be read; it counts from here on", e);
    }
    laterFields = later.toBytes();
    long live = spool.stats().live();
    counts.restore(delivered, dropped, live, lostCounted, () -> spool.stats().live());
  }

  /** The units that were planned and are not done, each as it was; it is to be looked up. */
  List<Unit> recovered() {
    Map<String, Unit> units = new LinkedHashMap<>();
    if (disk != null) {
      for (byte[] payload : disk.controls()) {
        try {
          for (Fields.Reader in = new Fields.Reader(payload); in.next(); ) {
            replay(in.tag(), in.bytesValue(), units);
          }
        } catch (IOException | RuntimeException e) {
          logger.warn("A record of the spool cannot be read and is left out", e);
        }
      }
      Positions live = disk.live();
      for (Unit unit : List.copyOf(units.values())) {
        unit.positions = unit.positions.and(live);
        if (unit.positions.isEmpty() && !unit.sweeps) {
          units.remove(unit.id);
          open.remove(unit.id);
        }
      }
    }
    return new ArrayList<>(units.values());
  }

  private void replay(int tag, byte[] record, Map<String, Unit> units) throws IOException {
    Map<Integer, byte[]> fields = new HashMap<>();
    for (Fields.Reader in = new Fields.Reader(record); in.next(); ) {
      fields.put(in.tag(), in.bytesValue());
    }
    String id = new String(fields.getOrDefault(ID, new byte[0]), UTF_8);
    Unit known = units.get(id);
    if (tag == CREATED && known != null) {
      known.runId = new String(fields.getOrDefault(RUN_ID, new byte[0]), UTF_8);
      known.mayExist = false;
      remember(id, in(CREATED, record));
    } else if (tag == CLOSED) {
      units.remove(id);
      open.remove(id);
    } else if ((tag == PLAN && known == null) || tag == SWEEP) { // a plan may be written again
      Unit unit = tag == PLAN ? planned(id, fields) : swept(id, fields);
      if (unit == null) {
        logger.warn("The spool has a plan of a later version; its requests are planned anew");
      } else {
        units.put(id, unit);
        open.remove(id);
        remember(id, in(tag, record));
      }
    }
  }

  private static @Nullable Unit planned(String id, Map<Integer, byte[]> fields) throws IOException {
    byte[] positions = fields.get(POSITIONS);
    long number = number(fields, KIND);
    for (Unit.Kind kind : Unit.Kind.values()) {
      if (kind.number == number && positions != null) {
        Unit unit = new Unit(id, kind, Positions.decode(positions));
        unit.mayExist = true;
        return unit;
      }
    }
    return null;
  }

  private static Unit swept(String id, Map<Integer, byte[]> fields) {
    byte[] event = fields.get(EVENT);
    Unit unit = new Unit(id, event == null ? Unit.Kind.WINDOW : Unit.Kind.RUN, Positions.NONE);
    unit.sweeps = true;
    unit.event = event;
    if (event == null) {
      Instant start = Instant.ofEpochMilli(number(fields, START_MILLIS));
      Instant end = Instant.ofEpochMilli(number(fields, END_MILLIS));
      unit.window = new RequestWindow(id, start, end, (int) number(fields, SIZE), Map.of());
    }
    return unit;
  }

  private static long number(Map<Integer, byte[]> fields, int tag) {
    byte[] value = fields.get(tag);
    return value == null || value.length != Long.BYTES
        ? 0
        : Fields.Reader.number(value, 0, Long.SIZE);
  }

  private void remember(String id, byte[] record) {
    open.merge(
        id,
        List.of(record),
        (before, added) -> {
          List<byte[]> all = new ArrayList<>(before);
          all.addAll(added);
          return all;
        });
  }

  private static byte[] in(int tag, byte[] record) {
    return new Fields(record.length + 8).field(tag, record).toBytes();
  }

  private static byte[] planOf(Unit unit) {
    Fields record = new Fields(64).field(ID, unit.id).field(KIND, unit.kind.number);
    return in(PLAN, record.field(POSITIONS, unit.positions.encode()).toBytes());
  }

  private static byte[] closed(Unit unit) {
    return in(CLOSED, new Fields(32).field(ID, unit.id).toBytes());
  }

  /**
   * Remembers what the unit will write. To be called before it is created for the first time.
   *
   * @throws SpoolException when that cannot be remembered now; it must not be sent then
   */
  void plan(Unit unit) throws SpoolException {
    if (disk == null || open.containsKey(unit.id)) {
      return;
    }
    byte[] plan = planOf(unit);
    boolean planned = false;
    remember(unit.id, plan); // first: the segment that it goes to may be the next to be deleted
    try {
      log.control(plan, unit.positions);
      planned = true;
    } finally {
      if (!planned) {
        open.remove(unit.id);
      }
    }
  }

  /** Remembers that the unit's run exists, before anything else is sent for it. */
  void created(Unit unit, String runId) throws SpoolException {
    unit.runId = runId;
    unit.mayExist = false;
    if (open.containsKey(unit.id)) {
      byte[] record = in(CREATED, new Fields(64).field(ID, unit.id).field(RUN_ID, runId).toBytes());
      remember(unit.id, record);
      log.control(record, Positions.NONE);
    }
  }

  /** Two units take the place of one, in one step. */
  void split(Unit whole, List<Unit> halves) throws SpoolException {
    if (disk != null) {
      byte[] gone = closed(whole);
      Fields records = new Fields(256).raw(gone, 0, gone.length);
      for (Unit half : halves) {
        byte[] plan = planOf(half);
        records.raw(plan, 0, plan.length);
      }
      log.control(records.toBytes(), whole.positions);
      open.remove(whole.id);
      halves.forEach(half -> remember(half.id, planOf(half)));
    }
  }

  /** The unit is not going to be written; what is left of its events may be planned anew. */
  void giveUp(Unit unit) {
    if (open.remove(unit.id) != null && disk != null) {
      disk.controlLater(closed(unit), 0);
    }
  }

  /** Remembers one that looks for a second run. To be called before the first is settled. */
  void sweepLater(Unit sweep) {
    if (disk == null) {
      return;
    }
    Fields record = new Fields(128).field(ID, sweep.id);
    byte[] event = sweep.event;
    RequestWindow window = sweep.window;
    if (event != null) {
      record.field(EVENT, event);
    } else if (window != null) {
      record.field(START_MILLIS, window.startTime().toEpochMilli());
      record.field(END_MILLIS, window.endTime().toEpochMilli()).field(SIZE, window.size());
    }
    byte[] payload = in(SWEEP, record.toBytes());
    open.put(sweep.id, List.of(payload));
    disk.controlLater(payload, 0);
  }

  /** Takes the events of a unit out of the log, as delivered or, with a reason, as dropped. */
  void settle(Unit unit, @Nullable DropReason reason) {
    if (!unit.isRepeated || reason != null) {
      open.remove(unit.id);
    }
    settle(unit.positions, reason);
    log.reap(); // behind the counting, so that a ledger taken meanwhile is right
  }

  /**
   * In the same write, events are done and counted. Out first, so that a ledger taken in between
   * shows them in flight, and never twice.
   */
  private synchronized void settle(Positions positions, @Nullable DropReason reason) {
    long count = positions.minus(log.done()).size();
    log.done(positions, encode(counts.ledgerWith(count, reason)));
    if (reason == null) {
      counts.delivered(count);
    } else {
      counts.dropped(reason, count);
    }
  }

  /** Whether all events below a position are done, and counted. */
  synchronized boolean isSettledBelow(long position) {
    return log.isDoneBelow(position);
  }

  /** Counts what reading has found lost since the last time. */
  void countLost() {
    long lost = disk == null ? 0 : disk.stats().lost();
    if (lost > lostCounted) {
      counts.dropped(DropReason.DAMAGED, lost - lostCounted);
      lostCounted = lost;
    }
  }

  /** Leaves the ledger of now for the next write. */
  void writeLedger() {
    if (disk != null) {
      disk.ledger(encode(counts.ledger()));
    }
  }

  private byte[] encode(Ledger ledger) {
    Fields out = new Fields(64).field(DELIVERED, ledger.delivered());
    ledger
        .dropped()
        .forEach((reason, count) -> out.field(DROPPED, reason.name(), Long.toString(count)));
    return out.raw(laterFields, 0, laterFields.length).toBytes();
  }
}
