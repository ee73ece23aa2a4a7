// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.runtracker.Durability;
import io.runtracker.internal.config.Settings;
import io.runtracker.internal.log.FailPoint;
import io.runtracker.internal.log.SegmentLog;
import io.runtracker.internal.log.SegmentLogOptions;
import io.runtracker.internal.log.SpoolException;
import io.runtracker.internal.log.SpoolLockedException;
import io.runtracker.internal.stage.QuietLogger;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The log of a spool directory or, where several processes share that, of one part of it. */
public record SpoolDirectory(Path path, SegmentLog log) {

  /** Needed by sinks alone that know what they have written. */
  private static final String ID_FILE = "spool-id";

  private static final String PART = "instance-";
  private static final QuietLogger logger = QuietLogger.ofTracker();

  /**
   * Opens the spool and takes up what a process before left there.
   *
   * @throws IOException when it cannot be used; the message names the directory and says why
   */
  public static SpoolDirectory open(
      Path directory, Settings settings, Consumer<FailPoint> failPoints) throws IOException {
    if (!settings.spoolShared) {
      return part(directory, settings, failPoints);
    }
    for (int instance = 0; ; instance++) {
      try {
        return part(directory.resolve(PART + instance), settings, failPoints);
      } catch (SpoolLockedException taken) {
        logger.debug("Another process uses this one", taken);
      }
    }
  }

  private static SpoolDirectory part(Path path, Settings settings, Consumer<FailPoint> failPoints)
      throws SpoolException {
    SegmentLogOptions options =
        SegmentLogOptions.ofQuota(settings.spoolQuota)
            .withDurability(
                settings.durability == Durability.POWER
                    ? SegmentLogOptions.Durability.POWER
                    : SegmentLogOptions.Durability.PROCESS);
    SegmentLog log = SegmentLog.open(path, options, failPoints);
    if (log.recovery().damaged()) {
      logger.warn("The spool in " + path + " was damaged: " + log.recovery(), null);
    }
    long waiting = log.stats().live();
    if (waiting > 0) {
      logger.info("The spool in {} holds {} requests to deliver", path, waiting);
    }
    return new SpoolDirectory(path, log);
  }

  /**
   * What no other spool has, and this one keeps. Where its file is lost or damaged, or there is no
   * place for one, it is another: a sink then takes the requests that it was sent last for new
   * ones.
   *
   * @param fresh what it gets where it has none: random, and always as long
   */
  String id(String fresh) {
    Path file = path.resolve(ID_FILE);
    try {
      if (Files.isRegularFile(file) && Files.size(file) == fresh.length()) {
        return new String(Files.readAllBytes(file), ISO_8859_1);
      }
      AtomicFile.write(file, out -> out.write(fresh));
    } catch (IOException e) {
      logger.warn("The spool cannot keep its id in " + file + "; the next start has another", e);
    }
    return fresh;
  }

  /** Lets another process have it. */
  void release() {
    try {
      log.close();
    } catch (IOException e) {
      logger.warn("The spool in " + path + " could not be closed cleanly", e);
    }
  }

  /** A part beside this one whose process is gone and which holds requests; null without one. */
  public @Nullable SpoolDirectory abandoned(Settings settings, Consumer<FailPoint> failPoints)
      throws IOException {
    Path parent = path.toAbsolutePath().getParent();
    if (parent == null) {
      return null;
    }
    List<Path> parts;
    try (Stream<Path> files = Files.list(parent)) {
      parts = files.filter(SpoolDirectory::mayBeAbandoned).sorted().toList();
    }
    for (Path part : parts) {
      if (part.getFileName().equals(path.getFileName())) {
        continue;
      }
      try {
        SpoolDirectory other = part(part, settings, failPoints);
        if (other.log.stats().live() > 0) {
          return other;
        }
        other.log.close();
      } catch (SpoolLockedException inUse) {
        logger.debug("Another process uses this one", inUse);
      }
    }
    return null;
  }

  /** Whether a directory is named as the part of one that several processes share. */
  static boolean isPart(Path directory) {
    return String.valueOf(directory.getFileName()).startsWith(PART);
  }

  /** Without segments there is nothing in it, and to open it would make it look used. */
  private static boolean mayBeAbandoned(Path part) {
    if (!isPart(part) || !Files.isDirectory(part)) {
      return false;
    }
    try (Stream<Path> files = Files.list(part)) {
      return files.anyMatch(file -> file.toString().endsWith(".seg"));
    } catch (IOException e) {
      return false;
    }
  }
}
