// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Events on disk between the one thread that appends them and those that deliver them.
 *
 * <p>All methods may be called from any thread. Reading never makes appending wait; appending and
 * {@link #control} wait for the one write (under {@code POWER}: and sync) in progress, and callers
 * that wait together share the next.
 *
 * <p>In memory it keeps some 200 bytes a segment, 16 for each gap between events that are done, 100
 * for each that was copied forward, and 1.1 MiB of buffers.
 */
// Longer than others: all that writes or deletes is ordered by two locks, which are read in one
// place.
public final class SegmentLog implements AutoCloseable, Memory {

  private static final Group NO_EVENTS = new Group(1, 0);

  /**
   * A segment is emptied by copying when so few of its events are left, one in so many; or of those
   * in all segments, so that copies upon copies keep nothing behind them either.
   */
  private static final int FEW = 4;

  /**
   * Before that so many segments must have been filled behind it: what is new is soon done. Fewer
   * where the quota has no room for so many.
   */
  private static final long LATER_SEGMENTS = 3;

  private final Path directory;
  private final FileSystem files;
  private final boolean power;
  private final long laterSegments;
  private final DirectoryLock directoryLock;
  private final PendingControls pending = new PendingControls();
  private final SegmentIndex index;
  private final SegmentWriter writer;
  private final SegmentReader reader;
  private final RecoveryReport recovery;
  private final ControlMirror mirror;
  private final List<byte[]> controls;
  private final Consumer<FailPoint> failPoints;
  private final long recoveredEnd;
  private final ReentrantLock writing = new ReentrantLock();
  private final AtomicLong controlsEnd = new AtomicLong();

  /** Held over a deletion, and over letting go of the directory. */
  private final Object deletion = new Object();

  private Supplier<List<byte[]>> snapshot = this::controls;
  private long ticketsWritten;
  private boolean deletionUnsynced;
  private volatile boolean closed;

  /** What was done when a write began that has ended. */
  private volatile Positions doneForGood;

  private SegmentLog(
      Path directory,
      SegmentLogOptions options,
      FileSystem files,
      DirectoryLock directoryLock,
      Consumer<FailPoint> failPoints)
      throws IOException {
    this.directory = directory;
    this.files = files;
    this.power = options.power();
    this.laterSegments =
        Math.min(LATER_SEGMENTS, options.quotaBytes() / options.segmentBytes() / 2 - 1);
    this.directoryLock = directoryLock;
    this.failPoints = failPoints;
    DamagedArea aside = new DamagedArea(files, directory);
    Recovery.Result found =
        new Recovery(files, directory, directoryLock, aside, options.power()).run();
    this.index = found.index();
    this.recovery = found.report();
    this.controls = found.controls();
    this.mirror = new ControlMirror(files, directory, found.mirror());
    this.recoveredEnd = found.nextSequence();
    this.doneForGood = index.done();
    this.writer = new SegmentWriter(files, directory, options, directoryLock, found);
    this.reader = new SegmentReader(files, directory, index, pending, aside);
    pending.doneUnlessKnown(found.lost(), null);
    controlsEnd.set(found.nextSequence());
    directoryLock.note(index, writer.next(), false);
    writer.reserve();
  }

  /** What became of a group: the first {@code accepted} of its events are in the log. */
  public record Appended(long first, int accepted, int refused) {}

  /** Whether a directory holds a log, open or not. Looks only. */
  public static boolean isIn(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .anyMatch(name -> name.equals(DirectoryLock.FILE) || name.endsWith(SegmentName.SUFFIX));
    } catch (IOException notADirectory) {
      return false;
    }
  }

  /**
   * Opens the log of a directory, which is created when it is not there. Damage never prevents
   * that.
   *
   * @throws SpoolLockedException when another log is using the directory
   * @throws SpoolException when the directory cannot be used, or holds an unknown format
   */
  public static SegmentLog open(Path directory, SegmentLogOptions options) throws SpoolException {
    return open(directory, options, FailPoint.NOBODY);
  }

  /** As {@link #open(Path, SegmentLogOptions)}, with somebody who is told of what it does. */
  public static SegmentLog open(
      Path directory, SegmentLogOptions options, Consumer<FailPoint> failPoints)
      throws SpoolException {
    return open(directory, options, new NioFileSystem(), failPoints);
  }

  static SegmentLog open(Path directory, SegmentLogOptions options, FileSystem files)
      throws SpoolException {
    return open(directory, options, files, FailPoint.NOBODY);
  }

  static SegmentLog open(
      Path directory, SegmentLogOptions options, FileSystem files, Consumer<FailPoint> failPoints)
      throws SpoolException {
    DirectoryLock lock = null;
    try {
      files.createDirectory(directory);
      lock = DirectoryLock.take(directory);
      return new SegmentLog(directory, options, files, lock, failPoints);
    } catch (IOException | RuntimeException | Error e) {
      FileSystem.closeQuietly(lock);
      if (e instanceof SpoolException known) {
        throw known;
      }
      if (e instanceof Error error) {
        throw error;
      }
      throw new SpoolException(
          "Cannot open the spool in " + directory.toAbsolutePath() + ": " + e, e);
    }
  }

  /** What was found when this log was opened. */
  public RecoveryReport recovery() {
    return recovery;
  }

  @Override
  public List<byte[]> controls() {
    return controls;
  }

  /** The position of the first event that was appended since the opening. */
  public long recoveredEnd() {
    return recoveredEnd;
  }

  /**
   * Asks before a segment is deleted that may hold some of them, and when a mirror is begun.
   *
   * @param owner as in {@link Memory#snapshotFrom}
   */
  @Override
  public void snapshotFrom(Supplier<List<byte[]>> owner) {
    snapshot = owner;
  }

  /**
   * Appends events as one commit, and with them the records that wait. Those that the quota has no
   * room for are refused, from the first of them on, and taken out of the group. The group knows
   * its positions then.
   *
   * @throws SpoolException when none of them is in the log
   * @throws IllegalArgumentException when one is larger than 16 MiB
   */
  public Appended append(Group events) throws SpoolException {
    for (int i = 0; i < events.size(); i++) {
      Format.requireSize(events.length(i));
    }
    writing.lock();
    try {
      int refused = events.size() - writer.fitting(events);
      events.keep(events.size() - refused);
      events.placeAt(writer.nextSequence());
      write(List.of(), List.of(), events);
      return new Appended(events.first(), events.size(), refused);
    } finally {
      writing.unlock();
    }
  }

  /**
   * Appends a group at the positions that it has already.
   *
   * @return false when the quota has no room for all of it; then none of it is in the log
   */
  boolean takeBack(Group events) throws SpoolException {
    writing.lock();
    try {
      if (writer.fitting(events) < events.size()) {
        return false;
      }
      write(List.of(), List.of(), events);
      return true;
    } finally {
      writing.unlock();
    }
  }

  /**
   * Gives the next event this position, because those before it were never written, and will not
   * be. They count as done.
   */
  public void skipTo(long position) {
    writing.lock();
    try {
      Positions skipped = Positions.of(writer.nextSequence(), position);
      if (!skipped.isEmpty()) {
        pending.done(index, skipped, null);
        writer.skipTo(position);
      }
    } finally {
      writing.unlock();
    }
  }

  /** The position of the next event. */
  long next() {
    return writer.nextSequence();
  }

  boolean isClosed() {
    return closed;
  }

  private void requireOpen() throws SpoolException {
    if (closed) {
      throw new SpoolException("The spool in " + directory.toAbsolutePath() + " is closed", null);
    }
  }

  /**
   * Under the write lock. What is thrown does not tell whether events are on the disk; the group
   * does.
   *
   * @param owners controls that are written again, before those that wait
   */
  private void write(List<byte[]> owners, List<SegmentWriter.Copy> copies, Group events)
      throws SpoolException {
    requireOpen();
    Positions doneBefore = index.done(); // what is done is pending before it is in there
    PendingControls.Batch batch = pending.drain();
    boolean written = false;
    try {
      PendingControls.Batch whole = batch.behind(owners, controlsEnd.get());
      boolean hasRecords = !whole.isEmpty() || !copies.isEmpty();
      if (events.size() > 0 || hasRecords) {
        failPoints.accept(FailPoint.BEFORE_WRITE);
        writer.commit(whole, copies, events);
      }
      ticketsWritten = batch.ticket();
      written = true;
      doneForGood = doneBefore;
      if (events.size() > 0 || hasRecords) {
        mirror(whole, copies, hasRecords);
      }
    } catch (IOException e) {
      throw new SpoolException(
          "Cannot write to the spool in " + directory.toAbsolutePath() + ": " + e.getMessage(), e);
    } finally {
      if (!written) {
        pending.restore(batch);
      }
    }
  }

  private void mirror(
      PendingControls.Batch written, List<SegmentWriter.Copy> copies, boolean hasRecords) {
    boolean isMirrored = !hasRecords;
    try {
      failPoints.accept(FailPoint.AFTER_WRITE);
      if (hasRecords) {
        failPoints.accept(FailPoint.BEFORE_MIRROR);
        mirror(written, copies);
        isMirrored = true;
        failPoints.accept(FailPoint.AFTER_MIRROR);
      }
    } finally {
      if (!isMirrored) {
        mirror.abandon(); // it lacks something, and is begun anew
      }
    }
  }

  private void mirror(PendingControls.Batch written, List<SegmentWriter.Copy> copies) {
    Positions.Builder carried = new Positions.Builder();
    copies.forEach(copy -> carried.add(copy.position()));
    if (writer.isReserveSpent()) {
      mirror.delete(); // what the disk has room for is for the segments
    } else if (!mirror.append(written, carried.build())) {
      beginMirror(written.controls());
    }
  }

  /**
   * The order counts. A unit that another thread settles meanwhile is in the snapshot; or what it
   * has done was waiting before, and is written before the mirror says so. And done is only what a
   * ledger knows.
   */
  private void beginMirror(List<PendingControls.Control> newest) {
    List<byte[]> open = snapshot.get();
    PendingControls.Batch late = pending.drain();
    boolean written = false;
    try {
      if (!late.isEmpty()) {
        writer.commit(late, List.of(), NO_EVENTS);
      }
      ticketsWritten = late.ticket();
      written = true;
    } catch (IOException e) {
      mirror.abandon();
      return;
    } finally {
      if (!written) {
        pending.restore(late);
      }
    }
    List<PendingControls.Control> controlsOfAll = new ArrayList<>(newest);
    controlsOfAll.addAll(late.controls());
    Positions marked = pending.written(index::done);
    mirror.beginAnew(
        new PendingControls.Batch(controlsOfAll, marked, null, 0).behind(open, controlsEnd.get()),
        index.carriedPositions());
  }

  /**
   * Remembers something of the owner's across a restart; on return that is safe. After an exception
   * it is written with the next write that succeeds.
   *
   * @param end behind the positions that it is about: none below it is ever given to another event
   */
  public void control(byte[] payload, long end) throws SpoolException {
    Format.requireSize(payload.length);
    requireOpen();
    long ticket = remember(payload, end);
    writing.lock();
    try {
      if (ticketsWritten < ticket) {
        write(List.of(), List.of(), NO_EVENTS);
      }
    } finally {
      writing.unlock();
    }
  }

  private long remember(byte[] payload, long end) {
    controlsEnd.accumulateAndGet(end, Math::max);
    return pending.control(payload, end);
  }

  @Override
  public void controlLater(byte[] payload, long end) {
    Format.requireSize(payload.length);
    remember(payload, end);
  }

  /**
   * Events need no more delivery; they and the ledger are written in one record with the next
   * write. Deletes what nobody needs any more.
   *
   * @param ledger some bytes of the owner's that replace the last
   * @param readBelow the owner knows of all events below this one
   */
  public void done(Positions positions, byte[] ledger, long readBelow) {
    done(positions, ledger);
    reap(readBelow);
  }

  /** As {@link #done(Positions, byte[], long)}, but deletes nothing and so takes no time. */
  void done(Positions positions, byte[] ledger) {
    Format.requireSize(ledger.length);
    pending.done(index, positions, ledger);
  }

  @Override
  public void ledger(byte[] ledger) {
    Format.requireSize(ledger.length);
    pending.ledger(ledger);
  }

  @Override
  public byte @Nullable [] ledger() {
    byte[] ledger = writer.ledger();
    return ledger == null ? null : ledger.clone();
  }

  /** All that are done, and would be so after a crash of the process. */
  Positions doneForGood() {
    return doneForGood;
  }

  @Override
  public void lost(Positions positions) {
    reader.lose(positions);
  }

  /** Writes the records that wait, if any; with room on the disk, restores the reserve. */
  @Override
  public void commit() throws SpoolException {
    writing.lock();
    try {
      write(List.of(), List.of(), NO_EVENTS);
      writer.reserveNowAndThen();
      if (mirror.isIncomplete() && !writer.isReserveSpent()) {
        beginMirror(List.of());
      }
    } finally {
      writing.unlock();
    }
    reap(0); // what was the newest segment until this write may hold nothing that is live
  }

  /**
   * Deletes head segments in which all is done; where few events are left in one, they are copied
   * forward first, so that an event that waits keeps no others. Under POWER no deletion may reach
   * the disk before an earlier one.
   */
  synchronized void reap(long readBelow) {
    failPoints.accept(FailPoint.BEFORE_REAP);
    index.forgetDone();
    try {
      Segment[] all = index.all();
      for (int i = 0; !closed && i < all.length - 1; i++) {
        Positions left = index.liveIn(all[i]);
        boolean few =
            left.size() <= all[i].positions().size() / FEW || live().size() <= index.ever() / FEW;
        boolean isOld = all.length - 1 - i > laterSegments && reader.hasPassed(all[i], readBelow);
        if (!left.isEmpty() && !(few && isOld)) {
          return;
        }
        carry(left);
        delete(all[i]);
      }
    } catch (IOException e) {
      // it is tried again with the next event that is done
    }
  }

  /**
   * Writes what must outlive a segment. Also what is done: were only some of the events of a unit
   * gone after a crash, and the rest of them not known as done, the unit would be sent again in
   * part.
   */
  private void carry(Positions left) throws IOException {
    List<SegmentWriter.Copy> copies = new ArrayList<>();
    reader.read(left, e -> copies.add(new SegmentWriter.Copy(e.position(), e.array())));
    failPoints.accept(FailPoint.BEFORE_CARRY);
    writing.lock();
    try {
      List<byte[]> owners = snapshot.get();
      copies.removeIf(copy -> index.isDone(copy.position()));
      write(owners, copies, NO_EVENTS);
    } finally {
      writing.unlock();
    }
    failPoints.accept(FailPoint.AFTER_CARRY);
    Positions.Builder read = new Positions.Builder();
    copies.stream().mapToLong(SegmentWriter.Copy::position).sorted().forEach(read::add);
    reader.lose(left.minus(read.build()).minus(index.done()));
  }

  private void delete(Segment segment) throws IOException {
    synchronized (deletion) {
      requireOpen();
      syncDeletion();
      reader.forget(segment);
      failPoints.accept(FailPoint.BEFORE_DELETE);
      segment.isLeaving = true;
      directoryLock.note(index, writer.next(), power);
      files.delete(directory.resolve(segment.name.file()));
      failPoints.accept(FailPoint.AFTER_DELETE);
      index.remove(segment);
      deletionUnsynced = power;
      syncDeletion();
    }
  }

  private void syncDeletion() throws IOException {
    if (deletionUnsynced) {
      files.syncDirectory(directory);
      deletionUnsynced = false;
    }
  }

  /**
   * The next event that is not done: those that were there when the log was opened, in the order of
   * the files, and behind them the others. Null when there is none now.
   *
   * @param from of the events appended since the opening, those below this one are left out
   */
  public @Nullable SpooledEvent next(long from) throws SpoolException {
    try {
      return closed ? null : reader.next(from);
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /** Reads events again, in any order; those that are not there any more are left out. */
  public void read(Positions positions, Consumer<SpooledEvent> consumer) throws SpoolException {
    try {
      reader.read(positions, consumer);
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private SpoolException unreadable(IOException e) {
    return new SpoolException(
        "Cannot read the spool in " + directory.toAbsolutePath() + ": " + e.getMessage(), e);
  }

  /** All events that are done, however long ago. */
  public Positions done() {
    return index.done();
  }

  @Override
  public Positions live() {
    return index.live(writer.nextSequence());
  }

  @Override
  public long liveCount() {
    return index.liveCount(writer.nextSequence());
  }

  @Override
  public long lostCount() {
    return index.lost.get();
  }

  @Override
  public long unsureBelow() {
    return recovery.mayLackControls() ? recoveredEnd : 0;
  }

  /** Threads waiting for the write in progress, for tests. */
  int waiting() {
    return writing.getQueueLength();
  }

  /** Totals of this moment. */
  public SpoolStats stats() {
    long next = writer.nextSequence();
    return new SpoolStats(
        index.liveCount(next), index.lost.get(), next, index.bytes.get(), index.all().length);
  }

  /**
   * Writes what waits and lets go of the directory, whether that succeeds or not. Where all events
   * are done and the disk has no room to say so, the files are emptied, which needs none.
   */
  @Override
  public void close() throws SpoolException {
    writing.lock();
    try {
      if (!closed) {
        try {
          write(List.of(), List.of(), NO_EVENTS);
        } catch (SpoolException e) {
          if (!live().isEmpty() || !empty()) {
            throw e;
          }
        } finally {
          letGo();
        }
      }
    } finally {
      writing.unlock();
    }
  }

  private void letGo() {
    synchronized (deletion) {
      closed = true;
      writer.close();
      mirror.abandon();
      FileSystem.closeQuietly(reader);
      directoryLock.note(index, writer.next(), power);
      FileSystem.closeQuietly(directoryLock);
    }
  }

  private boolean empty() {
    try {
      Segment[] all = index.all();
      for (int i = 0; i < all.length - 1; i++) {
        delete(all[i]);
      }
      writer.emptyNewest();
      pending.doneUnlessKnown(Positions.of(1, writer.nextSequence()), writer.ledger());
      write(snapshot.get(), List.of(), NO_EVENTS);
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
