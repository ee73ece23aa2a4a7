// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spool;

import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Commits groups to the newest segment; under the log's write lock. */
final class SegmentWriter {
  private static final int BUFFER = 1 << 20;

  /** Bytes kept free for what is still to be written about each live event. */
  private static final int RESERVE = 104;

  /** Bytes kept free for headers and ledgers. */
  private static final int ONCE = 4 << 10;

  private final FileSystem files;
  private final Path directory;
  private final SegmentLogOptions options;
  private final boolean power;
  private final SegmentIndex index;
  private final GroupBuffer group;
  private final SecureRandom random = new SecureRandom();
  private @Nullable Target current;
  private @Nullable Repair repair;
  private volatile byte @Nullable [] ledger;
  private long nextNumber;
  private volatile long nextSequence;

  SegmentWriter(
      FileSystem files,
      Path directory,
      SegmentLogOptions options,
      SegmentIndex index,
      Recovery.Result found) {
    this.files = files;
    this.directory = directory;
    this.options = options;
    this.power = options.power();
    this.index = index;
    this.group = new GroupBuffer(Math.min(BUFFER, options.segmentBytes()));
    this.ledger = found.ledger();
    this.nextSequence = found.nextSequence();
    this.nextNumber = found.nextNumber();
  }

  /** The end of a segment where the next group goes. */
  private record Target(Segment segment, FileSystem.File file, long position, boolean fresh) {}

  private interface Repair {
    void run() throws IOException;
  }

  /** How many of these events, from the first on, the quota has room for. */
  int fitting(List<byte[]> events) {
    long free = options.quotaBytes() - index.bytes.get() - RESERVE * index.live.get() - ONCE;
    int fits = 0;
    for (byte[] event : events) {
      free -= Format.RECORD_HEADER + event.length + RESERVE;
      if (free < 0) {
        break;
      }
      fits++;
    }
    return fits;
  }

  long nextSequence() {
    return nextSequence;
  }

  byte @Nullable [] ledger() {
    return ledger;
  }

  /**
   * Commits control records and events together, or leaves nothing of them.
   *
   * @return the sequence of the first event
   */
  long commit(PendingControls.Batch controls, List<byte[]> events) throws IOException {
    repair();
    long size = GroupBuffer.size(controls);
    for (byte[] event : events) {
      size += Format.RECORD_HEADER + event.length;
    }
    Target target = target(size);
    boolean written = false;
    try {
      long end = write(target, controls, events);
      written = true;
      if (power) {
        target.file().force();
        if (target.fresh()) {
          files.syncDirectory(directory);
        }
      }
      return publish(target, end, controls, events.size());
    } catch (Throwable e) {
      undo(target, written, e);
      throw e;
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
    SegmentName name = new SegmentName(nextNumber++, nextSequence, mark);
    FileSystem.File file = files.create(directory.resolve(name.file()));
    return new Target(new Segment(name), file, 0, true);
  }

  private long write(Target target, PendingControls.Batch controls, List<byte[]> events)
      throws IOException {
    SegmentName name = target.segment().name;
    group.begin(target.file(), name.mark(), target.position());
    byte[] carried = ledger;
    if (target.fresh()) {
      group.raw(Format.segmentHeader(name), Format.SEGMENT_HEADER);
      if (carried != null && controls.ledger() == null) {
        group.record(Format.LEDGER, 0, carried);
      }
    }
    group.controls(controls);
    long sequence = nextSequence;
    for (byte[] event : events) {
      group.record(Format.EVENT, sequence++, event);
    }
    return group.end();
  }

  private long publish(Target t, long end, PendingControls.Batch controls, int events) {
    long first = nextSequence;
    nextSequence = first + events;
    ledger = controls.ledger() == null ? ledger : controls.ledger();
    index.live.addAndGet(events);
    index.bytes.addAndGet(end - t.position());
    boolean others = !controls.created().isEmpty() || !controls.done().isEmpty();
    t.segment().publish(nextSequence, end, others);
    Target before = current;
    current = new Target(t.segment(), t.file(), end, false);
    if (t.fresh()) {
      Segment sealed = index.newest();
      index.add(t.segment());
      if (before != null) {
        FileSystem.closeQuietly(before.file());
      }
      deleteLedgerOnly(sealed);
    }
    return first;
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
