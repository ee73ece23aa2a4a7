// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spool;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Finds the segments of a directory and looks at their headers. */
final class SegmentHeaders {
  private SegmentHeaders() {}

  /** The segments that are there, once it is known that all of them may be touched. */
  static NavigableMap<Long, SegmentName> names(FileSystem files, Path directory)
      throws IOException {
    NavigableMap<Long, SegmentName> names = new TreeMap<>();
    for (Path path : files.list(directory)) {
      String file = String.valueOf(path.getFileName());
      SegmentName name = SegmentName.parse(file);
      if (file.endsWith(SegmentName.SUFFIX)) {
        requireKnownVersion(files, path);
      }
      if (name != null) {
        names.put(name.number(), name);
      }
    }
    return names;
  }

  private static void requireKnownVersion(FileSystem files, Path path) throws IOException {
    int version;
    try (FileSystem.File file = files.open(path, false)) {
      version = Format.version(read(file));
    }
    if (version != 0 && version != Format.VERSION) {
      throw new SpoolException(
          "The spool file "
              + path.toAbsolutePath()
              + " has format version "
              + version
              + ", this Runtracker reads version "
              + Format.VERSION
              + "; nothing was changed",
          null);
    }
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
