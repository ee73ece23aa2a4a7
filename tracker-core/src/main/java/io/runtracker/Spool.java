// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.spool.RecoveryReport;
import io.runtracker.spool.SegmentLog;
import io.runtracker.spool.SegmentLogOptions;
import io.runtracker.spool.SpoolStats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The spool directory of a service that is not running, for tools: to see what is in it, and to
 * send again what was refused. To deliver what waits in it, build a {@link Tracker} with {@link
 * Tracker.Builder#spool} and {@link Tracker#flush} it.
 */
public final class Spool implements AutoCloseable {

  private final SegmentLog log;
  private final EventFiles rejected;
  private final Counts counts = new Counts(() -> 0);
  private SpoolLedger ledger;

  private Spool(SegmentLog log, Path directory) throws IOException {
    this.log = log;
    this.rejected = new EventFiles(directory, EventFiles.REJECTED);
    this.ledger = SpoolLedger.decode(log.ledger());
    SpoolStats stats = log.stats();
    counts.restore(ledger, stats.live(), stats.lost(), () -> log.stats().live());
  }

  /**
   * Opens a spool.
   *
   * @throws IOException when there is none, when a running process uses it, or when it cannot be
   *     read
   */
  public static Spool open(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      throw new IOException("There is no spool in " + directory);
    }
    SegmentLog log = SegmentLog.open(directory, SegmentLogOptions.defaults());
    try {
      return new Spool(log, directory);
    } catch (IOException | RuntimeException e) {
      log.close();
      throw e;
    }
  }

  /** Where every request of this spool's services went, up to now. */
  public Ledger ledger() {
    return counts.ledger();
  }

  /** The size of the spool's files, and how many events are in them. */
  public SpoolStats stats() {
    return log.stats();
  }

  /** What opening it has found: damage, above all. */
  public RecoveryReport recovery() {
    return log.recovery();
  }

  /** The files of the requests that were refused: JSON, each with its reason. */
  public List<Path> rejected() throws IOException {
    return rejected.files();
  }

  /**
   * Puts a refused request, or the requests of a refused window, back among those to deliver, and
   * deletes the file. A request is looked up before it is created again, so that a run which is
   * there in part is completed.
   *
   * @param file one of {@link #rejected()}
   */
  public void resend(Path file) throws IOException {
    List<byte[]> payloads = new ArrayList<>();
    for (RequestEvent event : EventFiles.events(file)) {
      payloads.add(EventCodec.encode(event));
    }
    SegmentLog.Appended appended = log.append(payloads);
    SortedSet<Long> attempted = new TreeSet<>(ledger.attempted());
    for (long i = 0; i < appended.accepted(); i++) {
      if (appended.refused() > 0) {
        log.done(appended.firstSequence() + i);
      }
      attempted.add(appended.firstSequence() + i);
    }
    if (appended.refused() > 0) {
      throw new IOException("The spool has reached its quota");
    }
    ledger = new SpoolLedger(ledger.delivered(), ledger.dropped(), attempted);
    log.ledger(ledger.encode());
    log.commit();
    Files.delete(file);
  }

  /** Lets go of the directory. */
  @Override
  public void close() throws IOException {
    log.close();
  }
}
