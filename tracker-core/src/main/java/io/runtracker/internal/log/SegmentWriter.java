// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Commits groups to the newest segment; under the log's write lock. */
// Longer than others: a write, its undoing and the next file are one state.
final class SegmentWriter {
  private static final int BUFFER = 1 << 20;

  /** Bytes kept free for what is still to be written about each live event. */
  private static final int RESERVE = 104;

  /** Given back to a full disk, so that there is room for what delivery has to remember. */
  private static final String RESERVE_FILE = "reserve";

  private static final int RESERVE_FILE_BYTES = 64 << 10;

  private static final long RESERVE_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Bytes kept free for headers and ledgers. */
  private static final int ONCE = 4 << 10;

  private final FileSystem files;
  private final Path directory;
  private final SegmentLogOptions options;
  private final boolean power;
  private final SegmentIndex index;
  private final DirectoryLock lock;
  private final GroupBuffer buffer;
  private final SecureRandom random = new SecureRandom();
  private @Nullable Target current;
  private @Nullable Repair repair;
  private volatile byte @Nullable [] ledger;
  private volatile long nextNumber;
  private volatile long nextSequence;

  /** The reserve was given back to a disk that is still full: what is free is for controls. */
  private boolean isReserveSpent;

  private long reservedNanos;

  SegmentWriter(
      FileSystem files,
      Path directory,
      SegmentLogOptions options,
      DirectoryLock lock,
      Recovery.Result found) {
    this.files = files;
    this.directory = directory;
    this.options = options;
    this.power = options.power();
    this.index = found.index();
    this.lock = lock;
    this.buffer = new GroupBuffer(Math.min(BUFFER, options.segmentBytes()));
    this.ledger = found.ledger();
    this.nextSequence = found.nextSequence();
    this.nextNumber = found.nextNumber();
  }

  /** The end of a segment where the next group goes. */
  private record Target(Segment segment, FileSystem.File file, long position, boolean fresh) {}

  private interface Repair {
    void run() throws IOException;
  }

  /** An event to be copied forward. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Copy(long position, byte[] payload) {}

  /** How many of these events, from the first on, the quota has room for. */
  int fitting(Group events) {
    long live = index.liveCount(nextSequence);
    long free = options.quotaBytes() - index.bytes.get() - RESERVE * live - ONCE;
    int fits = 0;
    while (fits < events.size()) {
      free -= Format.RECORD_HEADER + events.length(fits) + RESERVE;
      if (free < 0) {
        break;
      }
      fits++;
    }
    return fits;
  }

  /**
   * The next event has this position, which leaves out some: what is not there was never written.
   */
  void skipTo(long position) {
    Target t = current;
    if (t != null && !Format.isPlausible(position, t.segment().name, t.position())) {
      FileSystem.closeQuietly(t.file());
      current = null;
    }
    nextSequence = position;
  }

  long nextSequence() {
    return nextSequence;
  }

  /** What the next segment is called at least. */
  SegmentName next() {
    return new SegmentName(nextNumber, nextSequence, 0);
  }

  byte @Nullable [] ledger() {
    return ledger;
  }

  /**
   * Commits records, copies and events together, or leaves nothing of them.
   *
   * @return the position of the first event
   */
  long commit(PendingControls.Batch controls, List<Copy> copies, Group events) throws IOException {
    if (events.size() > 0 && isReserveSpent) {
      if (hasRoomForReserve()) {
        reserve();
      }
      if (isReserveSpent) {
        throw new IOException("the disk is full but for what delivery has to remember");
      }
    }
    try {
      return write(controls, copies, events);
    } catch (IOException e) {
      if (events.size() > 0 || !giveReserveBack()) {
        throw e;
      }
      isReserveSpent = true;
      return write(controls, copies, events);
    }
  }

  private long write(PendingControls.Batch controls, List<Copy> copies, Group events)
      throws IOException {
    repair();
    byte[] done = done(controls);
    Target target = target(size(controls, done, copies, events));
    boolean written = false;
    boolean published = false;
    try {
      long[] places = new long[copies.size()];
      long end = write(target, controls, done, copies, places, events);
      written = true;
      if (power) {
        target.file().force();
        if (target.fresh()) {
          files.syncDirectory(directory);
        }
      }
      Segment sealed = index.newest();
      Target before = current;
      long first = publish(target, end, controls, copies, events);
      published = true; // whatever fails from here on
      if (target.fresh()) {
        begun(sealed, before);
      }
      for (int i = 0; i < places.length; i++) {
        int whole = Format.RECORD_HEADER + copies.get(i).payload().length;
        index.carry(
            copies.get(i).position(),
            new SegmentIndex.Location(target.segment(), places[i], whole));
      }
      return first;
    } catch (Throwable e) {
      if (!published) {
        undo(target, written, e);
      }
      throw e;
    }
  }

  private static long size(
      PendingControls.Batch controls, byte[] done, List<Copy> copies, Group events) {
    long size = events.bytes() + (long) Format.RECORD_HEADER * events.size();
    for (PendingControls.Control control : controls.controls()) {
      size += Format.RECORD_HEADER + control.payload().length;
    }
    for (Copy copy : copies) {
      size += Format.RECORD_HEADER + copy.payload().length;
    }
    return size + (done.length == 0 ? 0 : Format.RECORD_HEADER + done.length);
  }

  private static byte[] done(PendingControls.Batch controls) {
    Fields fields = new Fields(64);
    if (!controls.done().isEmpty()) {
      fields.field(Format.DONE_POSITIONS, controls.done().encode());
    }
    byte[] newLedger = controls.ledger();
    if (newLedger != null) {
      fields.field(Format.DONE_LEDGER, newLedger);
    }
    return fields.toBytes();
  }

  /** As {@link #reserve}, but asks a disk with room no more often than once a second. */
  void reserveNowAndThen() {
    if (isReserveSpent || System.nanoTime() - reservedNanos >= RESERVE_PAUSE_NANOS) {
      reserve();
    }
  }

  /** Makes the reserve, unless it is there. */
  void reserve() {
    reservedNanos = System.nanoTime();
    Path path = directory.resolve(RESERVE_FILE);
    isReserveSpent = false;
    if (isReserve(path)) {
      return;
    }
    giveReserveBack();
    try (FileSystem.File file = files.create(path)) {
      file.write(ByteBuffer.allocate(RESERVE_FILE_BYTES), 0);
    } catch (IOException e) {
      giveReserveBack();
      isReserveSpent = !hasRoomForReserve(); // else something stands in its place
    }
  }

  boolean isReserveSpent() {
    return isReserveSpent;
  }

  private boolean hasRoomForReserve() {
    return directory.toFile().getUsableSpace() >= RESERVE_FILE_BYTES;
  }

  private static boolean isReserve(Path path) {
    try {
      return Files.isRegularFile(path, NOFOLLOW_LINKS) && Files.size(path) >= RESERVE_FILE_BYTES;
    } catch (IOException e) {
      return false;
    }
  }

  /** Whether there was any. */
  private boolean giveReserveBack() {
    Path path = directory.resolve(RESERVE_FILE);
    try {
      boolean there = Files.exists(path);
      files.delete(path);
      return there;
    } catch (IOException e) {
      return false;
    }
  }

  private Target target(long size) throws IOException {
    Target t = current;
    if (t != null && t.position() + size <= options.segmentBytes()) {
      return t;
    }
    int mark = 0;
    while (mark == 0) {
      mark = random.nextInt();
    }
    long number = nextNumber;
    nextNumber = number + 1;
    SegmentName name = new SegmentName(number, nextSequence, mark);
    FileSystem.File file = files.create(directory.resolve(name.file()));
    return new Target(new Segment(name, false), file, 0, true);
  }

  private long write(
      Target target,
      PendingControls.Batch controls,
      byte[] done,
      List<Copy> copies,
      long[] places,
      Group events)
      throws IOException {
    SegmentName name = target.segment().name;
    buffer.begin(target.file(), name.mark(), target.position());
    byte[] carried = ledger;
    if (target.fresh()) {
      buffer.raw(Format.segmentHeader(name), 0, Format.SEGMENT_HEADER);
      if (carried != null && controls.ledger() == null) {
        byte[] again = new Fields(carried.length + 8).field(Format.DONE_LEDGER, carried).toBytes();
        buffer.record(Format.DONE, 0, again);
      }
    }
    for (int i = 0; i < places.length; i++) {
      places[i] = buffer.at();
      buffer.record(Format.CARRIED, copies.get(i).position(), copies.get(i).payload());
    }
    for (PendingControls.Control control : controls.controls()) {
      buffer.record(Format.CONTROL, control.end(), control.payload());
    }
    if (done.length > 0) {
      buffer.record(Format.DONE, 0, done);
    }
    for (int i = 0; i < events.size(); i++) {
      buffer.record(
          Format.EVENT, nextSequence + i, events.array(), events.start(i), events.length(i));
    }
    return buffer.end();
  }

  /** Takes all memory that it needs first: either all of it counts from here on, or nothing. */
  private long publish(
      Target t, long end, PendingControls.Batch controls, List<Copy> copies, Group events) {
    boolean others =
        !controls.controls().isEmpty() || !controls.done().isEmpty() || !copies.isEmpty();
    Target after = new Target(t.segment(), t.file(), end, false);
    if (t.fresh()) {
      index.add(t.segment()); // empty until it is published
    }
    long first = nextSequence;
    if (events.size() > 0) {
      events.onDiskAt(first);
    }
    nextSequence = first + events.size();
    ledger = controls.ledger() == null ? ledger : controls.ledger();
    index.bytes.addAndGet(end - t.position());
    t.segment().publish(nextSequence, end, others);
    current = after;
    return first;
  }

  /** A segment was begun behind another. */
  private void begun(@Nullable Segment sealed, @Nullable Target before) {
    if (before != null) {
      FileSystem.closeQuietly(before.file());
    }
    lock.note(index, next(), false);
    deleteLedgerOnly(sealed);
  }

  /**
   * Empties the newest segment, whose events are done; what it keeps of its file has room for more.
   */
  void emptyNewest() throws IOException {
    repair();
    Segment newest = index.newest();
    if (newest == null) {
      return;
    }
    Target t = current;
    FileSystem.File file =
        t != null ? t.file() : files.open(directory.resolve(newest.name.file()), true);
    file.truncate(Format.SEGMENT_HEADER);
    index.bytes.addAndGet(Format.SEGMENT_HEADER - newest.committed());
    newest.publish(newest.end(), Format.SEGMENT_HEADER, true);
    current = new Target(newest, file, Format.SEGMENT_HEADER, false);
  }

  /** While MLflow is away and the quota is used up, ledgers are all there is to write. */
  private void deleteLedgerOnly(@Nullable Segment sealed) {
    if (sealed == null || !sealed.ledgerOnly()) {
      return;
    }
    try {
      files.delete(directory.resolve(sealed.name.file()));
      index.remove(sealed);
    } catch (IOException e) {
      // it stays until it is the head
    }
  }

  private void undo(Target target, boolean written, Throwable cause) {
    if (target.fresh()) {
      repair =
          () -> {
            target.file().close();
            files.delete(directory.resolve(target.segment().name.file()));
          };
    } else {
      repair = () -> target.file().truncate(target.position());
      if (written) {
        // After a failed sync nobody knows which pages are on the disk: write no more behind them.
        Repair truncate = repair;
        repair =
            () -> {
              truncate.run();
              target.file().force(); // else what is cut off here may stand beside its successor
              FileSystem.closeQuietly(target.file());
            };
        current = null;
      }
    }
    try {
      repair();
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  /** Takes away what a failed group has left; nothing is written before that is done. */
  private void repair() throws IOException {
    Repair todo = repair;
    if (todo != null) {
      todo.run();
      repair = null;
    }
  }

  void close() {
    try {
      repair();
    } catch (IOException e) {
      // recovery deals with it
    }
    Target last = current;
    if (last != null) {
      FileSystem.closeQuietly(last.file());
      current = null;
    }
  }
}
