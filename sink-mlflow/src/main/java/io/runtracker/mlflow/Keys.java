// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Turns the keys of one run into keys that MLflow takes: up to 250 of {@code [/\w.\- :]}, and a
 * path that means itself. Two keys that become the same are told apart by a number.
 */
final class Keys {

  static final int LIMIT = 250;

  private final Naming naming;
  private final Map<String, String> byOriginal = new HashMap<>();
  private final Set<String> taken = new HashSet<>();

  Keys(Naming naming) {
    this.naming = naming;
  }

  /** The key for this key: the same for the same, another one for any other. */
  String of(String original) {
    return byOriginal.computeIfAbsent(original, key -> claim(naming.fit(sanitise(key))));
  }

  /** A key that none got so far. */
  String another(String original) {
    return claim(naming.fit(sanitise(original)));
  }

  private String claim(String key) {
    String candidate = key;
    for (int number = 2; !taken.add(candidate); number++) {
      String suffix = "_" + number;
      candidate = Text.prefix(key, LIMIT - suffix.length()) + suffix;
    }
    return candidate;
  }

  static String sanitise(String key) {
    StringBuilder allowed = new StringBuilder(Math.min(key.length(), LIMIT));
    key.codePoints().limit(LIMIT).forEach(c -> allowed.appendCodePoint(isAllowed(c) ? c : '_'));
    StringBuilder path = new StringBuilder(allowed.length());
    for (String segment : allowed.toString().split("/")) {
      // Databases that pad when they compare take a trailing space for none.
      String name = segment.stripTrailing();
      if (!name.isEmpty()) {
        path.append(path.length() == 0 ? "" : "/").append(harmless(name, path.length() == 0));
      }
    }
    return path.length() == 0 ? "_" : path.toString();
  }

  private static String harmless(String segment, boolean first) {
    if (segment.equals(".")) {
      return "_";
    }
    boolean climbs = first ? segment.startsWith("..") : segment.equals("..");
    return climbs ? "__" + segment.substring(2) : segment;
  }

  /**
   * Letters beyond the first plane are replaced: which of them are letters depends on the age of
   * the server's Python, and it refuses the whole batch for one that it does not know.
   */
  private static boolean isAllowed(int c) {
    return c < 128
        ? Character.isLetterOrDigit(c) || isPunctuation(c)
        : Character.isBmpCodePoint(c) && Character.isLetterOrDigit(c) && !isYoung(c);
  }

  private static boolean isPunctuation(int c) {
    return c == '_' || c == '/' || c == '.' || c == '-' || c == ' ' || c == ':';
  }

  /** Letters that came with Unicode 15 and later. */
  private static boolean isYoung(int c) {
    return c == 0x1C89
        || c == 0x1C8A
        || (c >= 0xA7CB && c <= 0xA7CF)
        || (c >= 0xA7D2 && c <= 0xA7F1);
  }
}
