// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A second copy of the controls, and of what is done: a file beside the segments, written after
 * them. Damage to one file then costs the events in it and nothing that is known about others;
 * without it, a window whose plan was damaged would be written twice.
 *
 * <p>Not to have it costs no request. So it is never synced, because what a power loss leaves of
 * the segments is enough; and what goes wrong with it is left to the next write, which makes a new
 * one. Under the log's write lock.
 */
final class ControlMirror {

  private static final String SUFFIX = ".mirror";

  /** At this size it is written anew, with what still matters; or at twice what that took. */
  private static final long LEAST_SIZE = 256 << 10;

  /** What mirrors hold; there is more than one where a process ended while it changed them. */
  static final class Found {
    private final List<byte[]> controls = new ArrayList<>();
    private final List<Path> files = new ArrayList<>();
    private Positions done = Positions.NONE;
    private Positions carried = Positions.NONE;
    private boolean isDamaged;
    private long end;
    private long number;

    /**
     * In the order in which they were written. To be taken behind those of the segments: a mirror
     * that was begun anew has no record of what came before its own.
     */
    List<byte[]> controls() {
      return controls;
    }

    Positions done() {
      return done;
    }

    /** Events that were copied forward and are not done; none where that may not be all. */
    Positions carried() {
      return isDamaged ? Positions.NONE : carried.minus(done);
    }

    /** Behind the last position that any of it is about. */
    long end() {
      return end;
    }
  }

  private final FileSystem files;
  private final Path directory;
  private final GroupBuffer buffer = new GroupBuffer((int) LEAST_SIZE / 4);
  private final SecureRandom random = new SecureRandom();
  private final List<Path> earlier;
  private long number;
  private @Nullable Path path;
  private FileSystem.@Nullable File file;
  private int mark;
  private long size;
  private long largestSize = LEAST_SIZE;

  ControlMirror(FileSystem files, Path directory, Found found) {
    this.files = files;
    this.directory = directory;
    this.earlier = found.files;
    this.number = found.number;
  }

  /** Reads the mirrors of a directory; damage to them is passed over. */
  static Found read(FileSystem files, Path directory, ByteBuffer window, DamagedArea aside)
      throws IOException {
    Found found = new Found();
    for (Path path : files.list(directory)) {
      SegmentName name = SegmentName.parse(String.valueOf(path.getFileName()), SUFFIX);
      if (name == null) {
        continue;
      }
      found.number = Math.max(found.number, name.number());
      int version = SegmentHeaders.version(files, path);
      if (version != 0 && version != Format.VERSION) {
        aside.putAway(path);
      } else {
        found.files.add(path);
        read(files, path, name, window, found);
      }
    }
    return found;
  }

  private static void read(
      FileSystem files, Path path, SegmentName name, ByteBuffer window, Found found) {
    try (FileSystem.File file = files.open(path, false);
        RecordScanner scanner =
            new RecordScanner(file, name, window, true, (from, to) -> found.isDamaged = true)) {
      long size = file.size();
      found.isDamaged |= !SegmentHeaders.intact(file, name);
      while (scanner.next(size)) {
        byte[] payload = scanner.payload(size);
        found.end = Math.max(found.end, scanner.sequence());
        if (scanner.kind() == Format.CONTROL) {
          found.controls.add(payload);
        } else if (scanner.kind() == Format.DONE) {
          for (Fields.Reader in = new Fields.Reader(payload); in.next(); ) {
            if (in.tag() == Format.DONE_POSITIONS) {
              found.done = found.done.plus(Positions.decode(in.bytesValue()));
            } else if (in.tag() == Format.DONE_CARRIED) {
              found.carried = found.carried.plus(Positions.decode(in.bytesValue()));
            }
          }
        }
      }
      found.end = Math.max(found.end, found.done.end());
    } catch (IOException unreadable) {
      found.isDamaged = true; // the segments know it, too
    }
  }

  /** Adds what was written to a segment; false when it is to be begun anew. */
  boolean append(PendingControls.Batch batch, Positions carried) {
    FileSystem.File target = file;
    if (target == null || size >= largestSize) {
      return false;
    }
    try {
      buffer.begin(target, mark, size);
      size = write(batch, carried);
      return true;
    } catch (IOException e) {
      abandon();
      return false;
    }
  }

  private long write(PendingControls.Batch batch, Positions carried) throws IOException {
    for (PendingControls.Control control : batch.controls()) {
      buffer.record(Format.CONTROL, control.end(), control.payload());
    }
    if (!batch.done().isEmpty() || !carried.isEmpty()) {
      Fields done = new Fields(64).field(Format.DONE_POSITIONS, batch.done().encode());
      done.field(Format.DONE_CARRIED, carried.encode());
      buffer.record(Format.DONE, 0, done.toBytes());
    }
    return buffer.end();
  }

  /** Writes a new one with all that matters, and then deletes those before it. */
  void beginAnew(PendingControls.Batch all, Positions carried) {
    abandon();
    SegmentName name = new SegmentName(++number, 0, random.nextInt(1, Integer.MAX_VALUE));
    Path fresh = directory.resolve(name.file(SUFFIX));
    try {
      FileSystem.File target = files.create(fresh);
      path = fresh;
      file = target;
      mark = name.mark();
      buffer.begin(target, mark, 0);
      buffer.raw(Format.segmentHeader(name), 0, Format.SEGMENT_HEADER);
      size = write(all, carried);
      largestSize = Math.max(LEAST_SIZE, 2 * size);
      deleteEarlier();
    } catch (IOException e) {
      abandon();
      deleteUnfinished(fresh);
    }
  }

  private void deleteEarlier() throws IOException {
    for (Path old : List.copyOf(earlier)) {
      files.delete(old);
      earlier.remove(old);
    }
  }

  /** It takes room that the disk does not have. */
  private void deleteUnfinished(Path fresh) {
    try {
      files.delete(fresh);
      earlier.remove(fresh);
    } catch (IOException e) {
      // it is deleted with the others
    }
  }

  /** Whether something may not be in it; it is to be begun anew then. */
  boolean isIncomplete() {
    return file == null;
  }

  /** Gives back its room. One that is left and no longer written would tell what is not so. */
  void delete() {
    abandon();
    try {
      deleteEarlier();
    } catch (IOException e) {
      // the next one deletes them
    }
  }

  /** What it lacks from now on it gets when it is begun anew. */
  void abandon() {
    FileSystem.closeQuietly(file);
    file = null;
    if (path != null) {
      earlier.add(path);
      path = null;
    }
  }
}
