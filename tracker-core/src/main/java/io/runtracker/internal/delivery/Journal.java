// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runtracker.DropReason;
import io.runtracker.Ledger;
import io.runtracker.internal.log.Backlog;
import io.runtracker.internal.log.Fields;
import io.runtracker.internal.log.Memory;
import io.runtracker.internal.log.Positions;
import io.runtracker.internal.log.SpoolException;
import io.runtracker.internal.stage.Counts;
import io.runtracker.internal.stage.QuietLogger;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What a spool remembers beside its events: what a unit will write, from before it is sent; the run
 * that was created for it; and the ledger. After a restart, a unit that was planned and is not done
 * is the same unit again: the same events under the same id. So it can be looked up as a whole.
 * docs/spool-format.md has the records.
 *
 * <p>Without a spool it only counts. Safe for use by any thread.
 */
// Longer than others: what it writes for a unit and what it reads of it belong together.
public final class Journal {

  private static final QuietLogger logger = QuietLogger.ofTracker();

  // The records.
  private static final int PLAN = 1;
  private static final int CREATED = 2;
  private static final int CLOSED = 3;
  private static final int SWEEP = 4;
  private static final int RUN_PLANS = 5;

  // Their fields.
  private static final int ID = 1;
  private static final int KIND = 2;
  private static final int POSITIONS = 3;
  private static final int RUN_ID = 5;
  private static final int REPEATED = 6;

  // The fields of the ledger.
  private static final int DELIVERED = 1;
  private static final int DROPPED = 2;

  final ReentrantLock settling = new ReentrantLock();
  private final Backlog log;
  private final @Nullable Memory memory;
  private final Counts counts;

  /** Of each unit that is not over, by its id. */
  private final Map<String, Open> open = new ConcurrentHashMap<>();

  private byte[] laterFields = {};
  private long lostCounted;

  /**
   * What is written again when the segment with it is deleted.
   *
   * @param first the unit's plan or, of one that looks for a second run, its only record
   * @param created its run, once that is known
   * @param runOf the position of a request that has a run of its own; else 0
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Open(byte[] first, byte @Nullable [] created, long runOf) {
    static Open planned(Unit unit) {
      return new Open(planOf(unit), null, unit.isWindow() ? 0 : unit.positions.first());
    }

    Open plannedAs(Unit unit) {
      return new Open(planOf(unit), created, runOf);
    }

    Open created(byte[] record) {
      return new Open(first, record, runOf);
    }

    boolean isPlanOfRun() {
      return runOf > 0 && created == null;
    }

    void addTo(List<byte[]> all) {
      all.add(first);
      if (created != null) {
        all.add(created);
      }
    }
  }

  Journal(Backlog log, Counts counts) {
    this.log = log;
    this.memory = log.memory();
    this.counts = counts;
    if (memory != null) {
      memory.snapshotFrom(this::snapshot);
      lostCounted = memory.lostCount();
      restoreLedger(memory);
    }
  }

  /** Where many runs are planned, and nothing more is known of them, they take two bytes each. */
  List<byte[]> snapshot() {
    List<byte[]> all = new ArrayList<>();
    List<Long> runs = new ArrayList<>();
    for (Open each : open.values()) {
      if (each.isPlanOfRun()) {
        runs.add(each.runOf());
      } else {
        each.addTo(all);
      }
    }
    if (!runs.isEmpty()) {
      Positions.Builder planned = new Positions.Builder();
      runs.stream().sorted().forEach(planned::add);
      all.add(planOfRuns(planned.build()));
    }
    return all;
  }

  private void restoreLedger(Memory spool) {
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
      logger.warn("The ledger of before cannot be read; it counts from here on", e);
    }
    laterFields = later.toBytes();
    long live = spool.liveCount();
    counts.restore(delivered, dropped, live, lostCounted, spool::liveCount);
  }

  /** The units that were planned and are not done, each as it was; it is to be looked up. */
  List<Unit> recovered() {
    Map<String, Unit> units = new LinkedHashMap<>();
    Set<String> over = new HashSet<>();
    if (memory != null) {
      for (byte[] payload : memory.controls()) {
        try {
          for (Fields.Reader in = new Fields.Reader(payload); in.next(); ) {
            replay(in.tag(), in.bytesValue(), units, over);
          }
        } catch (IOException | RuntimeException e) {
          logger.warn("A record of what was begun cannot be read and is left out", e);
        }
      }
      Positions live = memory.live();
      Positions inRuns = Positions.NONE;
      for (Unit unit : units.values()) {
        inRuns = unit.isWindow() ? inRuns : inRuns.plus(unit.positions);
      }
      for (Unit unit : List.copyOf(units.values())) {
        unit.positions = unit.positions.and(live);
        if (unit.isWindow()) { // what could not be put into it again has runs of its own
          unit.positions = unit.positions.minus(inRuns);
        }
        if (unit.positions.isEmpty() && !unit.sweeps) {
          units.remove(unit.id);
          open.remove(unit.id);
        } else if (unit.splits) {
          unit.splitAsBefore();
        }
      }
    }
    return new ArrayList<>(units.values());
  }

  /**
   * @param over ids of units that are not to be written; none is ever given to another. Their plans
   *     may come again: records are copied, and damage may take one copy and leave another
   */
  private void replay(int tag, byte[] record, Map<String, Unit> units, Set<String> over)
      throws IOException {
    Map<Integer, byte[]> fields = new HashMap<>();
    for (Fields.Reader in = new Fields.Reader(record); in.next(); ) {
      fields.put(in.tag(), in.bytesValue());
    }
    if (tag == RUN_PLANS) {
      for (Unit run : runsOf(Positions.decode(fields.getOrDefault(POSITIONS, new byte[0])))) {
        replay(PLAN, planFields(run).toBytes(), units, over);
      }
      return;
    }
    String id = text(fields, ID);
    Unit known = units.get(id);
    Open records = open.get(id);
    if (tag == CREATED && known != null && records != null) {
      String runId = text(fields, RUN_ID);
      known.runId = runId.isEmpty() ? null : runId;
      known.mayExist = runId.isEmpty();
      known.isRepeated = fields.containsKey(REPEATED);
      known.splits = fields.containsKey(KIND);
      known.becomesRuns = number(fields, KIND) == Unit.Kind.RUN.number;
      open.put(id, records.created(in(CREATED, record)));
    } else if (tag == CLOSED) {
      close(id, units, over);
    } else if ((tag == PLAN || tag == SWEEP) && known == null && !over.contains(id)) {
      Unit unit = tag == PLAN ? planned(id, fields) : Unit.sweepOf(id, text(fields, RUN_ID));
      if (unit == null) {
        logger.warn("A plan is of a later version; its requests are planned anew", null);
      } else {
        units.put(id, unit);
        long runOf = unit.sweeps || unit.isWindow() ? 0 : unit.positions.first();
        open.put(id, new Open(in(tag, record), null, runOf));
        for (String whole = Unit.wholeOf(id); whole != null; whole = Unit.wholeOf(whole)) {
          close(whole, units, over);
        }
      }
    }
  }

  private void close(String id, Map<String, Unit> units, Set<String> over) {
    over.add(id);
    units.remove(id);
    open.remove(id);
  }

  private static String text(Map<Integer, byte[]> fields, int tag) {
    return new String(fields.getOrDefault(tag, new byte[0]), UTF_8);
  }

  private static @Nullable Unit planned(String id, Map<Integer, byte[]> fields) throws IOException {
    byte[] positions = fields.get(POSITIONS);
    long number = number(fields, KIND);
    for (Unit.Kind kind : Unit.Kind.values()) {
      if (kind.number == number && positions != null) {
        Unit unit = new Unit(id, kind, Positions.decode(positions));
        unit.mayExist = true;
        unit.mayBeComplete = true; // only its end is remembered, and not how far it came
        unit.isReadAgain = true;
        return unit;
      }
    }
    return null;
  }

  private static long number(Map<Integer, byte[]> fields, int tag) {
    byte[] value = fields.get(tag);
    return value == null || value.length != Long.BYTES
        ? 0
        : Fields.Reader.number(value, 0, Long.SIZE);
  }

  private static byte[] in(int tag, byte[] record) {
    return new Fields(record.length + 8).field(tag, record).toBytes();
  }

  private static byte[] planOf(Unit unit) {
    return in(PLAN, planFields(unit).toBytes());
  }

  private static Fields planFields(Unit unit) {
    Fields record = new Fields(64).field(ID, unit.id).field(KIND, unit.kind.number);
    return record.field(POSITIONS, unit.positions.encode());
  }

  private static byte[] planOfRuns(Positions runs) {
    return in(RUN_PLANS, new Fields(64).field(POSITIONS, runs.encode()).toBytes());
  }

  private static List<Unit> runsOf(Positions events) {
    List<Unit> runs = new ArrayList<>();
    events.forEachRange(
        (first, end) -> {
          for (long position = first; position < end; position++) {
            runs.add(Unit.runOf(position));
          }
        });
    return runs;
  }

  private static byte[] closed(Unit unit) {
    return in(CLOSED, new Fields(32).field(ID, unit.id).toBytes());
  }

  /**
   * Remembers what the unit will write; or, where its run is gone, that nobody knows of one. To be
   * called before each create.
   *
   * @throws SpoolException when that cannot be remembered now; it must not be sent then
   */
  void plan(Unit unit) throws SpoolException {
    Open known = open.get(unit.id);
    boolean isPlanned = known != null && known.created() == null;
    if (memory == null || (isPlanned && !unit.isRepeated)) {
      return;
    }
    // First: the segment that it goes to may be the next to be deleted.
    byte[] record = known == null ? planOf(unit) : createdOf(unit, "");
    open.put(unit.id, known == null ? Open.planned(unit) : known.created(record));
    control(
        record,
        unit.positions,
        () -> {
          if (known == null) {
            open.remove(unit.id);
          } else {
            open.put(unit.id, known);
          }
        });
  }

  /**
   * Remembers that each of the events that a window leaves out gets a run of its own. To be called
   * before the window is written without them: it must not come back for their sake, as a smaller
   * one with the same run.
   *
   * @throws SpoolException when that cannot be remembered now; the window must not be sent then
   */
  void planRuns(Unit window) throws SpoolException {
    Map<String, Open> plans = new LinkedHashMap<>();
    Positions.Builder planned = new Positions.Builder();
    for (Unit run : memory == null ? List.<Unit>of() : runsOf(window.leftOut)) {
      if (!open.containsKey(run.id)) {
        plans.put(run.id, Open.planned(run));
        planned.add(run.positions.first());
      }
    }
    if (!plans.isEmpty()) {
      open.putAll(plans);
      Runnable takeBack = () -> open.keySet().removeAll(plans.keySet());
      control(planOfRuns(planned.build()), window.leftOut, takeBack);
      open.computeIfPresent(window.id, (id, known) -> known.plannedAs(window));
    }
  }

  /**
   * @param takeBack makes {@link #open} what it was before the record that cannot be written
   */
  private void control(byte[] record, Positions about, Runnable takeBack) throws SpoolException {
    boolean written = false;
    try {
      log.control(record, about);
      written = true;
    } finally {
      if (!written) {
        takeBack.run();
      }
    }
  }

  private static byte[] createdOf(Unit unit, String runId) {
    return in(CREATED, createdFields(unit, runId).toBytes());
  }

  private static Fields createdFields(Unit unit, String runId) {
    Fields fields = new Fields(64).field(ID, unit.id).field(RUN_ID, runId);
    return unit.isRepeated ? fields.field(REPEATED, 1) : fields;
  }

  /** Remembers that the unit's run exists, before anything else is sent for it. */
  void created(Unit unit, String runId) throws SpoolException {
    unit.runId = runId;
    unit.mayExist = false;
    Open known = open.get(unit.id);
    if (known != null) {
      byte[] record = createdOf(unit, runId);
      open.put(unit.id, known.created(record));
      log.control(record, Positions.NONE);
    }
  }

  /**
   * Remembers that a window's run is taken back, before it is: the next life goes on with that. It
   * must not complete a run that was deleted, which no sink takes anything for.
   *
   * @throws SpoolException when that cannot be remembered now; the run must be left as it is then
   */
  void takingBack(Unit window, String runId) throws SpoolException {
    Open known = open.get(window.id);
    if (known != null) {
      Unit.Kind next = window.becomesRuns ? Unit.Kind.RUN : Unit.Kind.WINDOW;
      byte[] record = in(CREATED, createdFields(window, runId).field(KIND, next.number).toBytes());
      if (!Arrays.equals(record, known.created())) {
        open.put(window.id, known.created(record));
        control(record, window.positions, () -> open.put(window.id, known));
      }
    }
  }

  /** Others take the place of a unit, in one step; they are planned where it was. */
  void split(Unit whole, List<Unit> halves) throws SpoolException {
    if (memory != null && open.containsKey(whole.id)) {
      byte[] gone = closed(whole);
      Fields records = new Fields(256).raw(gone, 0, gone.length);
      for (Unit half : halves) {
        byte[] plan = planOf(half);
        records.raw(plan, 0, plan.length);
      }
      halves.forEach(half -> open.put(half.id, Open.planned(half)));
      control(
          records.toBytes(), whole.positions, () -> halves.forEach(half -> open.remove(half.id)));
      open.remove(whole.id);
    }
  }

  /** The unit is not going to be written; what is left of its events may be planned anew. */
  void giveUp(Unit unit) {
    if (open.remove(unit.id) != null && memory != null) {
      memory.controlLater(closed(unit), 0);
    }
  }

  /**
   * Remembers a unit no longer, of which nothing is in the sink; it may be planned again. Only
   * where each write holds all that is remembered: a record of before would come back.
   */
  void forget(Unit unit) {
    open.remove(unit.id);
  }

  /** As {@link #giveUp}, the runs of events that cannot be read. */
  void giveUpRuns(Positions lost) {
    runsOf(lost).forEach(this::giveUp);
  }

  /** Remembers one that looks for a second run. To be called before the first is settled. */
  void sweepLater(Unit sweep) {
    if (memory != null) {
      Fields record = new Fields(64).field(ID, sweep.id);
      byte[] payload = in(SWEEP, record.field(RUN_ID, String.valueOf(sweep.runId)).toBytes());
      open.put(sweep.id, new Open(payload, null, 0));
      memory.controlLater(payload, 0);
    }
  }

  /**
   * Takes the events of a unit out of the log, as delivered or, with a reason, as dropped. Their
   * segments go when {@link Backlog#reap} is called.
   */
  void settle(Unit unit, @Nullable DropReason reason) {
    settle(unit.positions, reason);
    open.remove(unit.id); // behind it: at each moment the one or the other is to be written
  }

  /**
   * In the same write, events are done and counted. Out first, so that a ledger taken in between
   * shows them in flight, and never twice.
   */
  private void settle(Positions positions, @Nullable DropReason reason) {
    settling.lock();
    try {
      long count = positions.minus(log.done()).size();
      log.done(positions, encode(counts.ledgerWith(count, reason)));
      if (reason == null) {
        counts.delivered(count);
      } else {
        counts.dropped(reason, count);
      }
    } finally {
      settling.unlock();
    }
  }

  /**
   * Whether all events below a position are done, and counted. False while some are being settled,
   * which takes for ever where the disk hangs: ask again.
   */
  public boolean isSettledBelow(long position) {
    if (!settling.tryLock()) {
      return false;
    }
    try {
      return log.isDoneBelow(position);
    } finally {
      settling.unlock();
    }
  }

  /** Counts what reading has found lost since the last time. */
  void countLost() {
    long lost = memory == null ? 0 : memory.lostCount();
    if (lost > lostCounted) {
      counts.dropped(DropReason.DAMAGED, lost - lostCounted);
      lostCounted = lost;
    }
  }

  /** Leaves the ledger of now for the next write. */
  void writeLedger() {
    if (memory != null) {
      memory.ledger(encode(counts.ledger()));
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
