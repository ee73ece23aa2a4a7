// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.config;

import java.util.Collection;
import java.util.Comparator;

/** Finds what somebody meant who misspelt a name. */
public final class NearestName {

  /** So many letters apart two names are no misspelling of each other. */
  private static final int FARTHEST = 5;

  private NearestName() {}

  /** The end of a sentence that names the known one which is most like it; empty without such. */
  public static String question(String name, Collection<String> known) {
    return known.stream()
        .filter(one -> distance(name, one) <= FARTHEST)
        .min(Comparator.comparingInt((String one) -> distance(name, one)).thenComparing(one -> one))
        .map(one -> "; did you mean " + one + "?")
        .orElse("");
  }

  /** How many letters must be put in, taken out or changed (Levenshtein). */
  static int distance(String one, String other) {
    int[] before = new int[other.length() + 1];
    for (int j = 0; j <= other.length(); j++) {
      before[j] = j;
    }
    for (int i = 1; i <= one.length(); i++) {
      int[] row = new int[other.length() + 1];
      row[0] = i;
      for (int j = 1; j <= other.length(); j++) {
        int changed = before[j - 1] + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(changed, 1 + Math.min(before[j], row[j - 1]));
      }
      before = row;
    }
    return before[other.length()];
  }
}
