// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Turns the file names of one run into paths that are safe below its artifact root, on any file
 * system: no two the same, none a file where another needs a folder.
 */
final class FileNames {

  private static final int SEGMENT_BYTES = 120;
  private static final int MOST_SEGMENTS = 8;

  /** A server decodes paths again and again, and a few of these mean something to an URL. */
  private static final String FORBIDDEN = "%#?;:*\"<>|\\&";

  private final Set<String> files = new HashSet<>();
  private final Set<String> folders = new HashSet<>();

  /** A path of its own for this name. */
  String claim(String name) {
    List<String> segments = sanitise(name);
    for (int number = 1; ; number++) {
      String path = String.join("/", numbered(segments, number));
      if (tryClaim(path.toLowerCase(Locale.ROOT))) {
        return path;
      }
    }
  }

  private boolean tryClaim(String path) {
    List<String> above = new ArrayList<>();
    for (int slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      above.add(path.substring(0, slash));
    }
    if (files.contains(path)
        || folders.contains(path)
        || above.stream().anyMatch(files::contains)) {
      return false;
    }
    files.add(path);
    folders.addAll(above);
    return true;
  }

  /** The number goes into the first segment, so that it also parts a folder from a file. */
  private static List<String> numbered(List<String> segments, int number) {
    if (number == 1) {
      return segments;
    }
    List<String> numbered = new ArrayList<>(segments);
    String first = segments.get(0);
    int dot = segments.size() > 1 ? -1 : first.lastIndexOf('.');
    numbered.set(
        0,
        dot > 0
            ? first.substring(0, dot) + '_' + number + first.substring(dot)
            : first + '_' + number);
    return numbered;
  }

  private static List<String> sanitise(String name) {
    List<String> segments = new ArrayList<>();
    for (String raw : Text.prefix(name, 4_000).replace('\\', '/').split("/")) {
      String segment = segment(raw);
      if (!segment.isEmpty() && segments.size() < MOST_SEGMENTS) {
        segments.add(segment);
      }
    }
    return segments.isEmpty() ? List.of("_.txt") : segments;
  }

  private static String segment(String raw) {
    StringBuilder clean = new StringBuilder();
    raw.codePoints().forEach(c -> clean.appendCodePoint(isAllowed(c) ? c : '_'));
    String segment = clean.toString().strip();
    if (segment.equals(".") || segment.isEmpty()) {
      return "";
    }
    if (segment.startsWith("..")) {
      segment = "__" + segment.substring(2);
    }
    return shorten(segment);
  }

  private static boolean isAllowed(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> FORBIDDEN.indexOf(c) < 0;
    };
  }

  /** Keeps the extension, which is what MLflow's page chooses its viewer by. */
  private static String shorten(String segment) {
    if (bytes(segment) <= SEGMENT_BYTES) {
      return segment;
    }
    int dot = segment.lastIndexOf('.');
    String extension = dot > 0 && segment.length() - dot <= 10 ? segment.substring(dot) : "";
    String stem = segment.substring(0, segment.length() - extension.length());
    while (bytes(stem) + bytes(extension) > SEGMENT_BYTES) {
      int excess = bytes(stem) + bytes(extension) - SEGMENT_BYTES;
      stem = Text.prefix(stem, stem.length() - Math.max(1, excess / 4));
    }
    return stem + extension;
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }
}
