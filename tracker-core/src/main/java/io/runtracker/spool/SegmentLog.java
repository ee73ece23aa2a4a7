// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spool;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Events on disk between the one thread that appends them and those that deliver them.
 *
 * <p>All methods may be called from any thread. Reading never makes appending wait; appending and
 * {@link #created} wait for the one write (under {@code POWER}: and sync) in progress, and callers
 * that wait together share the next.
 *
 * <p>In memory it keeps at most 2 bits for each event in a segment where delivery has begun, some
 * 200 bytes a segment, some 150 bytes for each event handed out or returned, each run id of an
 * event not yet done, and 1.1 MiB of buffers.
 */
public final class SegmentLog implements AutoCloseable {
  private final Path directory;
  private final DirectoryLock directoryLock;
  private final PendingControls pending = new PendingControls();
  private final SegmentIndex index;
  private final SegmentWriter writer;
  private final EventReader reader;
  private final RecoveryReport recovery;
  private final ReentrantLock writing = new ReentrantLock();
  private long ticketsWritten;
  private volatile boolean closed;

  private SegmentLog(
      Path directory, SegmentLogOptions options, FileSystem files, DirectoryLock directoryLock)
      throws IOException {
    this.directory = directory;
    this.directoryLock = directoryLock;
    DamagedArea aside = new DamagedArea(files, directory);
    Recovery.Result found = new Recovery(files, directory, aside, options.power()).run();
    this.index = found.index();
    this.recovery = found.report();
    this.writer = new SegmentWriter(files, directory, options, index, found);
    this.reader = new EventReader(files, directory, options, pending, aside, found);
    found.lost().forEach(range -> pending.done(range[0], range[1]));
    reader.reap();
  }

  /** What became of a group: the first {@code accepted} of its events are in the log. */
  public record Appended(long firstSequence, int accepted, int refused) {}

  /**
   * Opens the log of a directory, which is created when it is not there. Damage never prevents
   * that.
   *
   * @throws SpoolLockedException when another log is using the directory
   * @throws SpoolException when the directory cannot be used, or holds an unknown format
   */
  public static SegmentLog open(Path directory, SegmentLogOptions options) throws SpoolException {
    return open(directory, options, new NioFileSystem());
  }

  static SegmentLog open(Path directory, SegmentLogOptions options, FileSystem files)
      throws SpoolException {
    DirectoryLock lock = null;
    try {
      files.createDirectory(directory);
      lock = DirectoryLock.take(directory);
      return new SegmentLog(directory, options, files, lock);
    } catch (IOException | RuntimeException e) {
      FileSystem.closeQuietly(lock);
      if (e instanceof SpoolException known) {
        throw known;
      }
      throw new SpoolException("Cannot open the spool in " + directory.toAbsolutePath(), e);
    }
  }

  /** What was found when this log was opened. */
  public RecoveryReport recovery() {
    return recovery;
  }

  /**
   * Appends events as one commit, and with them the control records that wait. Those that the quota
   * has no room for are refused, from the first of them on.
   *
   * @throws SpoolException when none of them is in the log
   * @throws IllegalArgumentException when one is larger than 16 MiB
   */
  public Appended append(List<byte[]> payloads) throws SpoolException {
    for (byte[] payload : payloads) {
      Format.requireSize(payload);
    }
    writing.lock();
    try {
      int fits = writer.fitting(payloads);
      int refused = payloads.size() - fits;
      long first = write(refused == 0 ? payloads : payloads.subList(0, fits));
      return new Appended(first, fits, refused);
    } finally {
      writing.unlock();
    }
  }

  private void requireOpen() throws SpoolException {
    if (closed) {
      throw new SpoolException("The spool in " + directory.toAbsolutePath() + " is closed", null);
    }
  }

  /** Under the write lock. */
  private long write(List<byte[]> payloads) throws SpoolException {
    requireOpen();
    PendingControls.Batch controls = pending.drain(index.headBase());
    boolean written = false;
    try {
      long first = writer.nextSequence();
      if (!payloads.isEmpty() || !controls.isEmpty()) {
        first = writer.commit(controls, payloads);
      }
      ticketsWritten = controls.ticket();
      written = true;
      return first;
    } catch (IOException e) {
      throw new SpoolException("Cannot write to the spool in " + directory.toAbsolutePath(), e);
    } finally {
      if (!written) {
        pending.restore(controls);
      }
    }
  }

  /**
   * Remembers the run that was created for an event; on return that is safe. After an exception it
   * is known as long as this log is open, and written with the next write that succeeds.
   */
  public void created(long sequence, String runId) throws SpoolException {
    requireOpen();
    long ticket = reader.created(sequence, runId);
    writing.lock();
    try {
      if (ticketsWritten < ticket) {
        write(List.of());
      }
    } finally {
      writing.unlock();
    }
  }

  /**
   * The event needs no more delivery. Written with the next write: after a crash before it, the
   * event is there again, with its run id.
   */
  public void done(long sequence) {
    finish(new long[] {sequence}, null);
  }

  /** As {@link #done(long)} for each, all of them and the ledger in the same write. */
  public void done(long[] sequences, byte[] ledger) {
    Format.requireSize(ledger);
    finish(sequences, ledger);
  }

  private void finish(long[] sequences, byte @Nullable [] ledger) {
    reader.done(sequences, ledger);
    if (pending.many()) {
      try {
        commit();
      } catch (SpoolException e) {
        // it waits for the next write
      }
    }
  }

  /** Replaces the ledger, some bytes of the caller's, with the next write. */
  public void ledger(byte[] ledger) {
    Format.requireSize(ledger);
    pending.ledger(ledger);
  }

  /** The ledger last written, or null when there is none. */
  public byte @Nullable [] ledger() {
    byte[] ledger = writer.ledger();
    return ledger == null ? null : ledger.clone();
  }

  /** Writes the control records that wait, if any. */
  public void commit() throws SpoolException {
    writing.lock();
    try {
      write(List.of());
    } finally {
      writing.unlock();
    }
    reader.reap();
  }

  /**
   * Hands out the next event: one that was returned, else the oldest not yet handed out; null when
   * there is none now.
   */
  public @Nullable SpooledEvent poll() throws SpoolException {
    try {
      return closed ? null : reader.poll();
    } catch (IOException e) {
      throw new SpoolException("Cannot read the spool in " + directory.toAbsolutePath(), e);
    }
  }

  /**
   * Reads an event once more that was handed out.
   *
   * @return null when it is done, or cannot be read any more
   */
  public byte @Nullable [] read(long sequence) throws SpoolException {
    try {
      return reader.read(sequence);
    } catch (IOException e) {
      throw new SpoolException("Cannot read the spool in " + directory.toAbsolutePath(), e);
    }
  }

  /** Returns an event that was handed out, so that it is handed out again. */
  public void giveBack(long sequence) {
    reader.giveBack(sequence);
  }

  /** Threads waiting for the write in progress, for tests. */
  int waiting() {
    return writing.getQueueLength();
  }

  /** Totals of this moment. */
  public SpoolStats stats() {
    return new SpoolStats(
        index.live.get(),
        reader.out(),
        index.lost.get(),
        writer.nextSequence(),
        index.bytes.get(),
        index.all().length);
  }

  /** Writes what waits and lets go of the directory, whether that succeeds or not. */
  @Override
  public void close() throws SpoolException {
    writing.lock();
    try {
      if (!closed) {
        try {
          write(List.of());
        } finally {
          closed = true;
          writer.close();
          FileSystem.closeQuietly(reader);
          FileSystem.closeQuietly(directoryLock);
        }
      }
    } finally {
      writing.unlock();
    }
  }
}
