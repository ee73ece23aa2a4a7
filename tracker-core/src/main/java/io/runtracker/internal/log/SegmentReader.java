// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import io.runtracker.internal.log.SegmentIndex.Location;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Reads events: each once from the head on, and any of them again. */
final class SegmentReader implements Closeable {
  private static final int WINDOW = 64 << 10;

  private final FileSystem files;
  private final Path directory;
  private final SegmentIndex index;
  private final PendingControls pending;
  private final DamagedArea aside;
  private final ByteBuffer window = ByteBuffer.allocateDirect(WINDOW);
  private @Nullable Cursor cursor;
  private long behind;
  private boolean closed;

  SegmentReader(
      FileSystem files,
      Path directory,
      SegmentIndex index,
      PendingControls pending,
      DamagedArea aside) {
    this.files = files;
    this.directory = directory;
    this.index = index;
    this.pending = pending;
    this.aside = aside;
  }

  /** Where the next event that was never read is looked for. */
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

  /**
   * The next event that is not done, in the order of the files: an event that was copied forward
   * before the log was opened comes where its copy is. Null when there is none now.
   *
   * @param from the caller has all events below this one that came after the opening
   */
  synchronized @Nullable SpooledEvent next(long from) throws IOException {
    while (true) {
      Cursor at = cursor(from);
      if (at == null) {
        return null;
      }
      // in this order: what has a successor grows no more
      boolean sealed = isSealed(at.segment);
      long limit = at.segment.committed();
      SpooledEvent event = next(at, limit, from);
      if (event != null || !sealed) {
        return event;
      }
      loseUntil(at, at.segment.end(), from);
      leave();
    }
  }

  private @Nullable SpooledEvent next(Cursor at, long limit, long from) throws IOException {
    RecordScanner record = at.scanner;
    while (record.next(limit)) {
      long position = record.sequence();
      if (record.kind() == Format.EVENT) {
        loseUntil(at, position, from);
        if (position < at.segment.end() && isWanted(at, from) && !isCopied(position, at)) {
          SpooledEvent event = read(record, limit);
          at.expected = position + 1;
          return event;
        }
        at.expected = position + 1;
      } else if (record.kind() == Format.CARRIED && at.segment.recovered) {
        if (!index.isDone(position) && !isCopied(position, at)) {
          return read(record, limit);
        }
      }
    }
    return null;
  }

  private boolean isWanted(Cursor at, long from) {
    long position = at.scanner.sequence();
    return (at.segment.recovered || position >= from) && !index.isDone(position);
  }

  private boolean isCopied(long position, Cursor at) {
    return index.isElsewhere(position, at.segment, at.scanner.start());
  }

  private static SpooledEvent read(RecordScanner record, long limit) throws IOException {
    try {
      byte[] payload = record.payload(limit);
      return new SpooledEvent(record.sequence(), payload, 0, payload.length);
    } catch (IOException | RuntimeException | Error e) {
      record.seek(record.start()); // the next call comes here again
      throw e;
    }
  }

  private @Nullable Cursor cursor(long from) throws IOException {
    Cursor at = cursor;
    if (at != null && isPassed(at.segment, from)) {
      leave();
    }
    while (cursor == null && !closed) {
      Segment segment = index.after(behind);
      if (segment == null) {
        break;
      }
      if (isPassed(segment, from)) {
        behind = segment.name.number();
      } else {
        enter(segment, from);
      }
    }
    return cursor;
  }

  private void enter(Segment segment, long from) throws IOException {
    try {
      cursor = new Cursor(segment, open(segment, window));
    } catch (NoSuchFileException gone) {
      if (!isSealed(segment)) {
        throw gone;
      }
      // all that was live in it was copied forward, or somebody else has deleted it
      behind = segment.name.number();
      Positions own = segment.positions();
      Positions unread = segment.recovered ? own : own.minus(Positions.of(0, from));
      lose(unread.minus(index.carriedPositions()));
    }
  }

  private boolean isSealed(Segment segment) {
    return segment.recovered || index.newest() != segment;
  }

  private boolean isPassed(Segment segment, long from) {
    return !segment.recovered && index.newest() != segment && segment.end() <= from;
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

  /** Reads events again, in any order; those that are not there any more are left out. */
  void read(Positions wanted, Consumer<SpooledEvent> consumer) throws IOException {
    ByteBuffer own = ByteBuffer.allocate(WINDOW);
    Positions.Builder read = new Positions.Builder(); // one may be carried while this reads
    Consumer<SpooledEvent> once =
        event -> {
          read.add(event.position());
          consumer.accept(event);
        };
    for (Segment segment : index.all()) {
      Positions here = segment.positions().and(wanted);
      if (!here.isEmpty()) {
        readIn(segment, here, own, once);
      }
    }
    Positions rest = wanted.minus(read.build());
    for (long position : index.carried().keySet()) {
      if (rest.contains(position)) {
        readCarried(position, own, once);
      }
    }
  }

  private void readCarried(long position, ByteBuffer own, Consumer<SpooledEvent> consumer)
      throws IOException {
    Location location = index.carried().get(position);
    while (location != null) {
      try {
        read(location, own, consumer);
        return;
      } catch (NoSuchFileException deleted) {
        Location next = index.carried().get(position); // it was carried on meanwhile
        location = location.equals(next) ? null : next;
      }
    }
  }

  private void readIn(
      Segment segment, Positions here, ByteBuffer own, Consumer<SpooledEvent> consumer)
      throws IOException {
    try (RecordScanner scanner = open(segment, own)) {
      long limit = segment.committed();
      while (scanner.next(limit)
          && (scanner.kind() != Format.EVENT || scanner.sequence() < here.end())) {
        if (scanner.kind() == Format.EVENT
            && here.contains(scanner.sequence())
            && !index.carried().containsKey(scanner.sequence())) {
          consumer.accept(read(scanner, limit));
        }
      }
    } catch (NoSuchFileException deleted) {
      // what was still live in it was copied forward
    }
  }

  private void read(Location location, ByteBuffer own, Consumer<SpooledEvent> consumer)
      throws IOException {
    try (RecordScanner scanner = open(location.segment(), own)) {
      long limit = location.start() + location.size();
      scanner.seek(location.start());
      if (scanner.next(limit)) {
        consumer.accept(read(scanner, limit));
      }
    }
  }

  private void loseUntil(Cursor at, long end, long from) {
    if (end > at.expected) {
      long first = at.segment.recovered ? at.expected : Math.max(at.expected, from);
      lose(Positions.of(first, end).minus(index.carriedPositions()));
      at.expected = end;
    }
  }

  /** Events that were there when the log was opened and cannot be read any more. */
  void lose(Positions positions) {
    Positions lost = pending.done(index, positions, null);
    index.lost.addAndGet(lost.size());
  }

  /** Lets go of a segment that is about to be deleted. */
  synchronized void forget(Segment segment) throws IOException {
    if (cursor != null && cursor.segment == segment) {
      leave();
    }
  }

  /** Whether the cursor has passed a segment, so that all of it is known to somebody. */
  synchronized boolean hasPassed(Segment segment, long from) {
    return segment.name.number() <= behind || (!segment.recovered && segment.end() <= from);
  }

  /** From here on the directory may be another log's: nothing is read any more. */
  @Override
  public synchronized void close() throws IOException {
    closed = true;
    leave();
  }
}
