// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Which events of a spool belong to which window, from before the window is sent until the spool
 * knows that its events are done. After a crash the window is put together again from it, the same
 * events under the same id, so that it can be looked up, completed or left alone as a whole.
 *
 * <p>One small file a window, written whole or not at all. It bears another name once the window is
 * in the sink: from then on its events are only to be ticked off.
 */
final class WindowFiles {

  private static final String SENDING = ".window";
  private static final String DELIVERED = ".delivered";
  private static final String VERSION = "runtracker window 1";

  private final Path directory;
  private final boolean synced;

  /**
   * @param synced whether files must survive a loss of power
   */
  WindowFiles(Path spool, boolean synced) {
    this.directory = spool.resolve("windows");
    this.synced = synced;
  }

  /** A window that a process before this one closed. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Found(String windowId, long[] positions, boolean delivered) {}

  /** Remembers a window that is about to be sent. */
  void add(String windowId, long[] positions) throws IOException {
    WholeFile.write(file(windowId, SENDING), text(positions), synced);
  }

  /** Remembers that the window is in the sink as a whole. */
  void delivered(String windowId) throws IOException {
    WholeFile.rename(file(windowId, SENDING), file(windowId, DELIVERED), synced);
  }

  /** Forgets a window none of whose events is in the spool any more. */
  void remove(String windowId) throws IOException {
    Files.deleteIfExists(file(windowId, SENDING));
    Files.deleteIfExists(file(windowId, DELIVERED));
  }

  /** The windows that are remembered. */
  List<Found> read() throws IOException {
    List<Found> found = new ArrayList<>();
    if (Files.isDirectory(directory)) {
      try (DirectoryStream<Path> files =
          Files.newDirectoryStream(directory, "*{" + SENDING + "," + DELIVERED + "}")) {
        for (Path file : files) {
          found.add(read(file));
        }
      }
    }
    return found;
  }

  private static Found read(Path file) throws IOException {
    List<String> lines = Files.readAllLines(file);
    if (lines.isEmpty() || !lines.get(0).equals(VERSION)) {
      throw new IOException(file + " is not the list of a window, or one of a later version");
    }
    String name = String.valueOf(file.getFileName());
    int dot = name.lastIndexOf('.');
    long[] positions =
        lines.stream()
            .skip(1)
            .flatMapToLong(
                line -> {
                  int dash = line.indexOf('-');
                  long first = Long.parseLong(line.substring(0, dash));
                  return LongStream.rangeClosed(first, Long.parseLong(line.substring(dash + 1)));
                })
            .toArray();
    return new Found(name.substring(0, dot), positions, name.endsWith(DELIVERED));
  }

  /** Ranges from first to last, a line each. */
  private static String text(long[] positions) {
    StringBuilder text = new StringBuilder(VERSION).append('\n');
    for (int i = 0; i < positions.length; i++) {
      int last = i;
      while (last + 1 < positions.length && positions[last + 1] == positions[last] + 1) {
        last++;
      }
      text.append(positions[i]).append('-').append(positions[last]).append('\n');
      i = last;
    }
    return text.toString();
  }

  private Path file(String windowId, String kind) {
    return directory.resolve(windowId + kind);
  }
}
