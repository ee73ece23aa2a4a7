// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.Ledger;
import io.runtracker.Tracker;
import io.runtracker.internal.log.Group;
import io.runtracker.internal.log.Log;
import io.runtracker.internal.log.Positions;
import io.runtracker.internal.log.RecoveryReport;
import io.runtracker.internal.log.SegmentLog;
import io.runtracker.internal.log.SegmentLogOptions;
import io.runtracker.internal.log.SpoolStats;
import io.runtracker.internal.stage.Counts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The spool directory of a service that is not running, for tools: to see what is in it, and to
 * send again what was refused. To deliver what waits in it, build a {@link Tracker} with {@link
 * Tracker.Builder#spool} and {@link Tracker#flush} it.
 */
public final class Spool implements AutoCloseable {

  private final SegmentLog log;
  private final SetAsideFiles rejected;
  private final Counts counts = new Counts(() -> 0);
  private final Journal journal;

  private Spool(SegmentLog log, Path directory) {
    this.log = log;
    this.rejected = new SetAsideFiles(directory);
    this.journal = new Journal(Log.on(log, 0, 0), counts);
    journal.recovered();
  }

  /**
   * The spools that a directory stands for: itself, or the parts of one that several processes
   * share. Looks only.
   *
   * @throws IOException when there are none
   */
  public static List<Path> in(Path directory) throws IOException {
    if (SegmentLog.isIn(directory)) {
      return List.of(directory);
    }
    List<Path> parts = List.of();
    if (Files.isDirectory(directory)) {
      try (Stream<Path> files = Files.list(directory)) {
        parts = files.filter(SpoolDirectory::isPart).filter(SegmentLog::isIn).sorted().toList();
      }
    }
    if (parts.isEmpty()) {
      throw noSpoolIn(directory);
    }
    return parts;
  }

  private static IOException noSpoolIn(Path directory) {
    return new IOException("There is no spool in " + directory);
  }

  /**
   * Opens a spool. Nothing is made where there is none.
   *
   * @throws IOException when there is none, when a running process uses it, or when it cannot be
   *     read
   */
  public static Spool open(Path directory) throws IOException {
    if (!SegmentLog.isIn(directory)) {
      throw noSpoolIn(directory);
    }
    SegmentLog log = SegmentLog.open(directory, SegmentLogOptions.defaults());
    try {
      return new Spool(log, directory);
    } catch (RuntimeException e) {
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
    List<byte[]> events = SetAsideFiles.events(file);
    Group group = new Group(events.size(), 1024);
    for (byte[] event : events) {
      group.out().raw(event, 0, event.length);
      group.endEvent();
    }
    SegmentLog.Appended appended = log.append(group);
    if (appended.refused() > 0) {
      long end = appended.first() + appended.accepted();
      log.lost(Positions.of(appended.first(), end));
      log.commit();
      throw new IOException("The spool has reached its quota");
    }
    for (long position = group.first(); position < group.end(); position++) {
      journal.plan(Unit.runOf(position));
    }
    log.commit();
    Files.delete(file);
  }

  /** Lets go of the directory. */
  @Override
  public void close() throws IOException {
    log.close();
  }
}
