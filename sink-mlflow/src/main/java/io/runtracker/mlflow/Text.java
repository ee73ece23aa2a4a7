// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

/** Makes any string one that MLflow and its databases store as it is. */
final class Text {

  /** MLflow's limits. It cuts at them in silence; a database may refuse what create was given. */
  static final int PARAM = 6_000;

  static final int TAG = 8_000;
  static final int RUN_NAME = 250;

  /** Ours: what a person reads of a text, and well below the 10 MB that an upload may have. */
  static final int ARTIFACT = 1 << 20;

  private static final char REPLACEMENT = '\uFFFD';

  private Text() {}

  /**
   * Cuts with a visible mark and replaces NUL and lone surrogates.
   *
   * @param limit in UTF-16 units, so that neither a count of those nor one of code points exceeds
   */
  static String fit(String value, int limit) {
    return clean(cut(value, limit));
  }

  private static String cut(String value, int limit) {
    if (value.length() <= limit) {
      return value;
    }
    String mark = "… [cut from " + value.length() + " characters]";
    return prefix(value, limit - mark.length()) + mark;
  }

  /** The first characters, without half a surrogate pair at the end. */
  static String prefix(String value, int length) {
    if (value.length() <= length) {
      return value;
    }
    boolean splitsPair =
        length > 0
            && Character.isHighSurrogate(value.charAt(length - 1))
            && Character.isLowSurrogate(value.charAt(length));
    return value.substring(0, splitsPair ? length - 1 : length);
  }

  private static String clean(String value) {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == 0 || Character.isSurrogate(c)) {
        return replace(value);
      }
    }
    return value;
  }

  private static String replace(String value) {
    StringBuilder clean = new StringBuilder(value.length());
    value
        .codePoints()
        .forEach(c -> clean.appendCodePoint(c == 0 || isLoneSurrogate(c) ? (int) REPLACEMENT : c));
    return clean.toString();
  }

  /** {@link String#codePoints} gives a surrogate as itself only when it has no partner. */
  private static boolean isLoneSurrogate(int codePoint) {
    return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
  }
}
