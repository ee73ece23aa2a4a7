// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import io.runtracker.internal.log.SegmentIndex.Location;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads the segments of a directory when a log is opened. */
final class Recovery {
  /**
   * What was found.
   *
   * @param controls what the owner wanted to be remembered, in the order in which it did; where
   *     segments lack some of it, once more with what mirrors hold
   * @param lost events lost to damage, to be remembered as done
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Result(
      SegmentIndex index,
      List<byte[]> controls,
      ControlMirror.Found mirror,
      Positions lost,
      byte @Nullable [] ledger,
      long nextSequence,
      long nextNumber,
      RecoveryReport report) {}

  /** More missing events than this in one place are not believed. */
  private static final long LARGEST_GAP = 1_000_000;

  private static final int WINDOW = 256 << 10;

  private final FileSystem files;
  private final Path directory;
  private final DamagedArea aside;
  private final boolean power;
  private final SegmentIndex index = new SegmentIndex();
  private final DirectoryLock lock;
  private final List<byte[]> controls = new ArrayList<>();
  private Positions gaps = Positions.NONE;

  /** Those of records alone; all events before the oldest segment are done as well. */
  private Positions knownDone = Positions.NONE;

  private final ByteBuffer window = ByteBuffer.allocateDirect(WINDOW);
  private byte @Nullable [] ledger;
  private long nextSequence = 1;
  private int segments;
  private int regions;
  private long damagedBytes;
  private long truncatedBytes;
  private long goneFrom = -1;

  Recovery(FileSystem files, Path directory, DirectoryLock lock, DamagedArea aside, boolean power) {
    this.power = power;
    this.lock = lock;
    this.files = files;
    this.directory = directory;
    this.aside = aside;
  }

  Result run() throws IOException {
    long started = System.nanoTime();
    NavigableMap<Long, SegmentName> names =
        SegmentHeaders.names(files, directory, lock.isOfThisVersion(), aside);
    ControlMirror.Found mirror = ControlMirror.read(files, directory, window, aside);
    SegmentName newest = lock.newest();
    SegmentName next = lock.next();
    SegmentName oldest = names.isEmpty() ? newest : names.firstEntry().getValue();
    long oldestBase = oldest != null ? oldest.base() : next != null ? next.base() : 1;
    goneBefore(oldestBase);
    for (SegmentName name : names.values()) {
      nextSequence = Math.max(nextSequence, name.base());
      closeGap(index.newest(), name.base());
      Map.Entry<Long, SegmentName> higher = names.higherEntry(name.number());
      index.add(scan(name, higher == null ? null : higher.getValue()));
    }
    segments = index.all().length;
    nextSequence = Math.max(nextSequence, mirror.end());
    long nextNumber = names.isEmpty() ? 1 : names.lastKey() + 1;
    boolean newestIsGone = newest != null && newest.number() >= nextNumber;
    if (next != null) {
      nextNumber = Math.max(nextNumber, next.number());
      nextSequence = Math.max(nextSequence, next.base());
    }
    if (newestIsGone && newest != null) {
      nextSequence = Math.max(nextSequence, newest.base());
      goneFrom = nextSequence;
    }
    if (names.isEmpty()) {
      gap(Positions.of(oldestBase, nextSequence));
    }
    take(mirror);
    closeGap(index.newest(), nextSequence);
    Positions lost = lose();
    for (Segment segment : index.all()) {
      index.bytes.addAndGet(segment.committed());
    }
    return new Result(
        index, controls, mirror, lost, ledger, nextSequence, nextNumber, report(lost, started));
  }

  /** Behind the segments: what was carried is taken for done until its copy is seen. */
  private void take(ControlMirror.Found mirror) {
    index.markDone(mirror.done());
    Positions carriedAway = mirror.carried().minus(knownDone).minus(index.carriedPositions());
    index.unmark(carriedAway);
    gap(carriedAway);
    addMissing(mirror.controls());
  }

  /**
   * All of them where one is missing, because their order counts; and behind what the segments
   * hold, because a mirror that was begun anew lacks what came before.
   */
  private void addMissing(List<byte[]> mirrored) {
    Set<ByteBuffer> known = new HashSet<>();
    controls.forEach(control -> known.add(ByteBuffer.wrap(control)));
    if (!mirrored.stream().allMatch(control -> known.contains(ByteBuffer.wrap(control)))) {
      controls.addAll(mirrored);
    }
  }

  /** Segments that nobody but us deletes, and we have not. */
  private void goneBefore(long base) {
    SegmentName known = lock.oldest();
    Positions gone = known == null ? Positions.NONE : Positions.of(known.base(), base);
    index.markDone(Positions.of(0, base).minus(gone));
    gap(gone);
  }

  private RecoveryReport report(Positions lost, long started) {
    index.lost.set(lost.size());
    return new RecoveryReport(
        segments,
        index.bytes.get(),
        index.live(nextSequence).size(),
        lost.size(),
        goneFrom < 0 ? lost.toString() : lost + " and those from " + goneFrom + " on",
        regions,
        damagedBytes,
        truncatedBytes,
        nextSequence,
        System.nanoTime() - started);
  }

  private Segment scan(SegmentName name, @Nullable SegmentName next) throws IOException {
    boolean newest = next == null;
    Segment segment = new Segment(name, true);
    FileSystem.File opened = open(name);
    if (opened == null) {
      return segment;
    }
    try (FileSystem.File file = opened) {
      long size = file.size();
      boolean isBare = newest && size < Format.SEGMENT_HEADER;
      long[] torn = {isBare ? 0 : size};
      if (!isBare) {
        checkHeader(name, file, size);
      }
      RecordScanner.Damage damage =
          (from, to) -> {
            if (newest && to == size) {
              torn[0] = from;
            } else {
              damaged(name, file, from, to);
            }
          };
      RecordScanner scanner = new RecordScanner(file, name, window, true, damage);
      scanner.bound(next == null ? Long.MAX_VALUE : next.base());
      boolean controls = false;
      while (scanner.next(size)) {
        controls |= scanner.kind() != Format.EVENT;
        take(scanner, segment, file, size, controls);
      }
      truncate(name, file, torn[0], size);
      sync(file, newest);
      segment.publish(segment.end(), torn[0], controls);
    }
    return segment;
  }

  private void take(
      RecordScanner scanner, Segment segment, FileSystem.File file, long size, boolean controls)
      throws IOException {
    switch (scanner.kind()) {
      case Format.EVENT -> {
        gap(Positions.of(segment.end(), scanner.sequence()));
        segment.publish(scanner.sequence() + 1, 0, controls);
        nextSequence = Math.max(nextSequence, segment.end());
      }
      case Format.CARRIED -> {
        int whole = Format.RECORD_HEADER + scanner.length();
        index.recoverCarried(scanner.sequence(), new Location(segment, scanner.start(), whole));
      }
      default -> remember(scanner, segment.name, file, size);
    }
  }

  /** Null when it cannot be opened, which is damage to all of it. */
  private FileSystem.@Nullable File open(SegmentName name) {
    try {
      return files.open(directory.resolve(name.file()), false);
    } catch (IOException e) {
      regions++;
      return null;
    }
  }

  private void checkHeader(SegmentName name, FileSystem.File file, long size) {
    if (size > 0 && !SegmentHeaders.intact(file, name)) {
      damaged(name, file, 0, Math.min(size, Format.SEGMENT_HEADER));
    }
  }

  private void damaged(SegmentName name, FileSystem.File file, long from, long to) {
    regions++;
    damagedBytes += to - from;
    aside.keep(name, file, from, to);
  }

  private void remember(RecordScanner scanner, SegmentName name, FileSystem.File file, long limit)
      throws IOException {
    byte[] payload = scanner.payload(limit);
    nextSequence = Math.max(nextSequence, scanner.sequence());
    try {
      if (scanner.kind() == Format.CONTROL) {
        controls.add(payload);
      } else if (scanner.kind() == Format.DONE) {
        done(payload);
      }
    } catch (IOException unreadable) {
      damaged(name, file, scanner.start(), scanner.start() + Format.RECORD_HEADER + payload.length);
    }
  }

  private void done(byte[] payload) throws IOException {
    Fields.Reader fields = new Fields.Reader(payload, 0, payload.length);
    while (fields.next()) {
      if (fields.tag() == Format.DONE_POSITIONS) {
        Positions positions = Positions.decode(fields.bytesValue());
        nextSequence = Math.max(nextSequence, positions.end());
        index.markDone(positions);
        knownDone = knownDone.plus(positions);
      } else if (fields.tag() == Format.DONE_LEDGER) {
        ledger = fields.bytesValue();
      }
    }
  }

  private void gap(Positions missing) {
    gaps = gaps.plus(missing);
  }

  /** Events between the last one read of a segment and the next one's first were there too. */
  private void closeGap(@Nullable Segment segment, long nextBase) {
    if (segment != null && nextBase > segment.end()) {
      gap(Positions.of(segment.end(), Math.min(nextBase, segment.end() + LARGEST_GAP)));
      index.markDone(Positions.of(segment.end() + LARGEST_GAP, nextBase));
      segment.publish(nextBase, segment.committed(), false);
    }
  }

  /** Those that are missing and not known as done. */
  private Positions lose() {
    return index.markDone(gaps.minus(index.carriedPositions()));
  }

  /** What a killed process has written is about to be delivered: it must not vanish any more. */
  private void sync(FileSystem.File file, boolean newest) throws IOException {
    if (power && newest) {
      file.force();
      files.syncDirectory(directory);
    }
  }

  private void truncate(SegmentName name, FileSystem.File file, long from, long size) {
    if (from >= size) {
      return;
    }
    truncatedBytes += size - from;
    aside.keep(name, file, from, size);
    try (FileSystem.File writable = files.open(directory.resolve(name.file()), true)) {
      writable.truncate(from);
    } catch (IOException e) {
      // it is found and reported again next time
    }
  }
}
