// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spool;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Hands out events from the head on, takes them back, and deletes what is done; any thread. */
final class EventReader implements Closeable {
  private static final int WINDOW = 64 << 10;

  private final FileSystem files;
  private final Path directory;
  private final SegmentIndex index;
  private final PendingControls pending;
  private final DamagedArea aside;
  private final boolean power;
  private final Map<Long, String> created;
  private final Map<Long, Location> out = new HashMap<>();
  private final TreeMap<Long, Location> returned = new TreeMap<>();
  private final ByteBuffer window = ByteBuffer.allocateDirect(WINDOW);
  private final ByteBuffer retryWindow = ByteBuffer.allocateDirect(WINDOW / 4);
  private @Nullable Cursor cursor;
  private long behind;
  private boolean deletionUnsynced;
  private boolean closed;

  EventReader(
      FileSystem files,
      Path directory,
      SegmentLogOptions options,
      PendingControls pending,
      DamagedArea aside,
      Recovery.Result found) {
    this.files = files;
    this.directory = directory;
    this.pending = pending;
    this.aside = aside;
    this.power = options.power();
    this.index = found.index();
    this.created = found.created();
  }

  private record Location(Segment segment, long start, int size) {}

  /** Where the next event that was never handed out is looked for. */
  private static final class Cursor {
    final Segment segment;
    final RecordScanner scanner;
    long expected;

    Cursor(Segment segment, RecordScanner scanner) {
      this.segment = segment;
      this.scanner = scanner;
      this.expected = segment.name.base();
    }
  }

  synchronized @Nullable SpooledEvent poll() throws IOException {
    while (!closed && !returned.isEmpty()) {
      SpooledEvent event = readReturned(returned.firstKey());
      if (event != null) {
        return event;
      }
    }
    while (true) {
      Cursor at = cursor();
      if (at == null) {
        return null;
      }
      // in this order: what has a successor grows no more
      boolean sealed = index.newest() != at.segment;
      long limit = at.segment.committed();
      SpooledEvent event = next(at, limit);
      if (event != null || !sealed) {
        return event;
      }
      loseUntil(at, at.segment.end());
      leave();
      reap();
    }
  }

  private @Nullable SpooledEvent next(Cursor at, long limit) throws IOException {
    while (at.scanner.next(limit)) {
      RecordScanner record = at.scanner;
      long sequence = record.sequence();
      if (record.kind() != Format.EVENT) {
        continue;
      }
      loseUntil(at, sequence);
      if (sequence < at.segment.end() && !at.segment.isDone(sequence)) {
        int size = Format.RECORD_HEADER + record.length();
        byte[] payload = payload(record, limit);
        at.expected = sequence + 1;
        out.put(sequence, new Location(at.segment, record.start(), size));
        return new SpooledEvent(sequence, payload, created.get(sequence));
      }
      at.expected = sequence + 1;
    }
    return null;
  }

  private static byte[] payload(RecordScanner record, long limit) throws IOException {
    try {
      return record.payload(limit);
    } catch (IOException e) {
      record.seek(record.start()); // the next poll comes here again
      throw e;
    }
  }

  private @Nullable Cursor cursor() throws IOException {
    if (cursor == null && !closed) {
      Segment segment = index.after(behind);
      if (segment != null) {
        cursor = new Cursor(segment, open(segment, window));
      }
    }
    return cursor;
  }

  private void leave() throws IOException {
    Cursor old = cursor;
    if (old != null) {
      cursor = null;
      behind = old.segment.name.number();
      old.scanner.close();
    }
  }

  private RecordScanner open(Segment segment, ByteBuffer buffer) throws IOException {
    FileSystem.File file = files.open(directory.resolve(segment.name.file()), false);
    return new RecordScanner(
        file, segment.name, buffer, false, (from, to) -> aside.keep(segment.name, file, from, to));
  }

  private @Nullable SpooledEvent readReturned(long sequence) throws IOException {
    Location location = returned.get(sequence);
    if (location == null) {
      return null;
    }
    byte[] payload = read(location, sequence);
    returned.remove(sequence);
    if (payload == null) {
      lose(location.segment(), sequence);
      return null;
    }
    out.put(sequence, location);
    return new SpooledEvent(sequence, payload, created.get(sequence));
  }

  private byte @Nullable [] read(Location location, long sequence) throws IOException {
    try (RecordScanner scanner = open(location.segment(), retryWindow)) {
      long limit = location.start() + location.size();
      scanner.seek(location.start());
      boolean there = scanner.next(limit) && scanner.sequence() == sequence;
      return there ? scanner.payload(limit) : null;
    }
  }

  /** An event that is out; null when it is not, or cannot be read any more. */
  synchronized byte @Nullable [] read(long sequence) throws IOException {
    Location location = closed ? null : out.get(sequence);
    return location == null ? null : read(location, sequence);
  }

  private void loseUntil(Cursor at, long end) {
    for (; at.expected < end; at.expected++) {
      lose(at.segment, at.expected);
    }
  }

  /** An event that was there when the log was opened and cannot be read any more. */
  private void lose(Segment segment, long sequence) {
    if (segment.markDone(sequence)) {
      index.live.decrementAndGet();
      index.lost.incrementAndGet();
      created.remove(sequence);
      pending.done(sequence, 1);
    }
  }

  synchronized void giveBack(long sequence) {
    Location location = out.remove(sequence);
    if (location != null) {
      returned.put(sequence, location);
    }
  }

  /** Returns a ticket for the control record, or 0 when there is nothing to remember. */
  synchronized long created(long sequence, String runId) {
    Segment segment = index.find(sequence);
    if (segment == null || segment.isDone(sequence)) {
      return 0;
    }
    created.put(sequence, runId);
    return pending.created(sequence, runId);
  }

  synchronized void done(long[] sequences, byte @Nullable [] ledger) {
    List<long[]> ranges = new ArrayList<>();
    for (long sequence : sequences) {
      Segment segment = index.find(sequence);
      if (segment != null && segment.markDone(sequence)) {
        index.live.decrementAndGet();
        out.remove(sequence);
        returned.remove(sequence);
        created.remove(sequence);
        ranges.add(new long[] {sequence, 1});
      }
    }
    pending.done(ranges, ledger);
    if (!ranges.isEmpty()) {
      reap();
    }
  }

  synchronized int out() {
    return out.size();
  }

  /**
   * Deletes head segments in which all is done. A CREATED record stands behind its event, so it is
   * there as long as the event is; under POWER no deletion may reach the disk before an earlier
   * one.
   */
  synchronized void reap() {
    Segment[] all = index.all();
    try {
      for (int i = 0; !closed && i < all.length - 1 && all[i].live() == 0; i++) {
        syncDeletion();
        if (cursor != null && cursor.segment == all[i]) {
          leave();
        }
        files.delete(directory.resolve(all[i].name.file()));
        index.remove(all[i]);
        deletionUnsynced = power;
        syncDeletion();
      }
    } catch (IOException e) {
      // it is tried again with the next event that is done
    }
  }

  private void syncDeletion() throws IOException {
    if (deletionUnsynced) {
      files.syncDirectory(directory);
      deletionUnsynced = false;
    }
  }

  /** From here on the directory may be another log's: nothing is read or deleted any more. */
  @Override
  public synchronized void close() throws IOException {
    closed = true;
    leave();
  }
}
