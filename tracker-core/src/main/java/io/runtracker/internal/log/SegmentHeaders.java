// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Finds the segments of a directory and looks at their headers. */
final class SegmentHeaders {
  private SegmentHeaders() {}

  /**
   * The segments that are there, once it is known that all of them may be touched. Where the
   * directory is known to be of this version, one of another version has no place in it and is put
   * aside, as damage is.
   *
   * @throws SpoolException when all of the spool is of another version
   */
  static NavigableMap<Long, SegmentName> names(
      FileSystem files, Path directory, boolean isOfThisVersion, DamagedArea aside)
      throws IOException {
    NavigableMap<Long, SegmentName> names = new TreeMap<>();
    List<Path> foreign = new ArrayList<>();
    for (Path path : files.list(directory)) {
      String file = String.valueOf(path.getFileName());
      if (file.endsWith(SegmentName.SUFFIX)) {
        SegmentName name = SegmentName.parse(file);
        int version = version(files, path);
        if (version != 0 && version != Format.VERSION) {
          if (!isOfThisVersion) {
            throw unknown(path, version);
          }
          foreign.add(path);
        } else if (name != null) {
          names.put(name.number(), name);
        }
      }
    }
    for (Path path : foreign) {
      aside.putAway(path);
    }
    return names;
  }

  /** The version that a file states; 0 when it is damaged, or none of ours. */
  static int version(FileSystem files, Path path) {
    try (FileSystem.File file = files.open(path, false)) {
      return Format.version(read(file));
    } catch (IOException e) {
      return 0; // what cannot be opened is damaged
    }
  }

  private static SpoolException unknown(Path path, int version) {
    return new SpoolException(
        "The spool file "
            + path.toAbsolutePath()
            + " has format version "
            + version
            + ", this Runtracker reads version "
            + Format.VERSION
            + "; nothing was changed. Deliver it with the version that wrote it, or use another"
            + " directory",
        null);
  }

  /** Whether the header is what the name says. */
  static boolean intact(FileSystem.File file, SegmentName name) {
    return ByteBuffer.wrap(Format.segmentHeader(name)).equals(read(file));
  }

  private static ByteBuffer read(FileSystem.File file) {
    ByteBuffer header = ByteBuffer.allocate(Format.SEGMENT_HEADER);
    try {
      while (header.hasRemaining() && file.read(header, header.position()) > 0) {
        // read on
      }
      return header.flip();
    } catch (IOException e) {
      return header.clear().limit(0); // what cannot be read is damaged
    }
  }
}
