// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spool;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import org.jspecify.annotations.Nullable;

/** Reads the segments of a directory when a log is opened. */
final class Recovery {
  /**
   * What was found.
   *
   * @param lost ranges {first, count} of events lost to damage, to be remembered as done
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Result(
      SegmentIndex index,
      Map<Long, String> created,
      List<long[]> lost,
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
  private final Map<Long, String> created = new HashMap<>();
  private final List<long[]> gaps = new ArrayList<>();
  private final ByteBuffer window = ByteBuffer.allocateDirect(WINDOW);
  private byte @Nullable [] ledger;
  private long nextSequence = 1;
  private int segments;
  private int regions;
  private long damagedBytes;
  private long truncatedBytes;

  Recovery(FileSystem files, Path directory, DamagedArea aside, boolean power) {
    this.power = power;
    this.files = files;
    this.directory = directory;
    this.aside = aside;
  }

  Result run() throws IOException {
    long started = System.nanoTime();
    NavigableMap<Long, SegmentName> names = SegmentHeaders.names(files, directory);
    long nextNumber = names.isEmpty() ? 1 : names.lastKey() + 1;
    for (SegmentName name : names.values()) {
      nextSequence = Math.max(nextSequence, name.base());
      closeGap(index.newest(), name.base());
      Map.Entry<Long, SegmentName> next = names.higherEntry(name.number());
      index.add(scan(name, next == null ? null : next.getValue()));
    }
    segments = index.all().length;
    closeGap(index.newest(), nextSequence);
    List<long[]> lost = lose();
    created.keySet().removeIf(sequence -> !live(sequence));
    for (Segment segment : index.all()) {
      index.live.addAndGet(segment.live());
      index.bytes.addAndGet(segment.committed());
    }
    return new Result(
        index, created, lost, ledger, nextSequence, nextNumber, report(lost, started));
  }

  private RecoveryReport report(List<long[]> lost, long started) {
    long events = lost.stream().mapToLong(range -> range[1]).sum();
    index.lost.set(events);
    return new RecoveryReport(
        segments,
        index.bytes.get(),
        index.live.get(),
        created.size(),
        events,
        regions,
        damagedBytes,
        truncatedBytes,
        nextSequence,
        System.nanoTime() - started);
  }

  private Segment scan(SegmentName name, @Nullable SegmentName next) throws IOException {
    boolean newest = next == null;
    Segment segment = new Segment(name);
    try (FileSystem.File file = files.open(directory.resolve(name.file()), false)) {
      long size = file.size();
      long[] torn = {size};
      if (newest && size < Format.SEGMENT_HEADER) {
        torn[0] = 0;
      } else {
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
        if (scanner.kind() == Format.EVENT) {
          gap(segment.end(), scanner.sequence());
          segment.publish(scanner.sequence() + 1, 0, controls);
          nextSequence = Math.max(nextSequence, segment.end());
        } else {
          controls |= control(scanner, size, segment);
        }
      }
      truncate(name, file, torn[0], size);
      sync(file, newest);
      segment.publish(segment.end(), torn[0], controls);
    }
    return segment;
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

  /** Returns whether it may be about an event that still lives. */
  private boolean control(RecordScanner scanner, long limit, Segment current) throws IOException {
    byte[] payload = scanner.payload(limit);
    switch (scanner.kind()) {
      case Format.CREATED -> {
        created.put(scanner.sequence(), new String(payload, StandardCharsets.UTF_8));
        nextSequence = Math.max(nextSequence, scanner.sequence() + 1);
        return true;
      }
      case Format.DONE -> {
        ByteBuffer ranges = ByteBuffer.wrap(payload);
        while (ranges.remaining() >= Format.RANGE) {
          done(ranges.getLong(), ranges.getInt(), current);
        }
        return true;
      }
      case Format.LEDGER -> ledger = payload;
      default -> {}
    }
    return false;
  }

  private void done(long first, int count, Segment current) {
    nextSequence = Math.max(nextSequence, first + count);
    gapBefore(first + count, current);
    long from = Math.max(first, index.newest() == null ? current.name.base() : index.headBase());
    for (long sequence = from; sequence < first + count; sequence++) {
      Segment segment = sequence >= current.name.base() ? current : index.find(sequence);
      if (segment != null) {
        segment.markDone(sequence);
      }
    }
  }

  /** What is done was there: those of it that the scan has not met are damaged, yet not lost. */
  private void gapBefore(long end, Segment current) {
    if (end > current.end() && end - current.end() <= LARGEST_GAP) {
      gap(current.end(), end);
      current.publish(end, 0, true);
    }
  }

  private void gap(long from, long to) {
    if (to > from) {
      gaps.add(new long[] {from, to - from});
    }
  }

  /** Events between the last one read of a segment and the next one's first were there too. */
  private void closeGap(@Nullable Segment segment, long nextBase) {
    if (segment != null && nextBase > segment.end()) {
      long end = Math.min(nextBase, segment.end() + LARGEST_GAP);
      gap(segment.end(), end);
      segment.publish(end, segment.committed(), false);
    }
  }

  /** Marks events that are missing and not known as done; returns their ranges. */
  private List<long[]> lose() {
    List<long[]> lost = new ArrayList<>();
    for (long[] gap : gaps) {
      for (long sequence = gap[0]; sequence < gap[0] + gap[1]; sequence++) {
        Segment segment = index.find(sequence);
        if (segment != null && segment.markDone(sequence)) {
          long[] last = lost.isEmpty() ? null : lost.get(lost.size() - 1);
          if (last != null && last[0] + last[1] == sequence) {
            last[1]++;
          } else {
            lost.add(new long[] {sequence, 1});
          }
        }
      }
    }
    return lost;
  }

  private boolean live(long sequence) {
    Segment segment = index.find(sequence);
    return segment != null && !segment.isDone(sequence);
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
