// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.config;

import java.util.Collection;
import java.util.Map;

/** A misspelt variable would be obeyed by nobody and noticed by nobody. */
public final class UnknownVariables {

  private static final String OURS = "RUNTRACKER_";

  private UnknownVariables() {}

  /**
   * Looks for them.
   *
   * @param known those that somebody reads
   * @return a line for each, with the known one that is most like it, if there is such
   */
  public static Collection<String> in(Map<String, String> environment, Collection<String> known) {
    return environment.keySet().stream()
        .filter(name -> name.startsWith(OURS) && !known.contains(name))
        .sorted()
        .map(
            name ->
                name
                    + " is set, but is not a setting of Runtracker"
                    + NearestName.question(name, known))
        .toList();
  }
}
