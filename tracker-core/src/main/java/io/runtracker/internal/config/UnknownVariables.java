// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.config;

import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** A misspelt variable would be obeyed by nobody and noticed by nobody. */
public final class UnknownVariables {

  private static final String OURS = "RUNTRACKER_";

  /** Read by the test kit alone. */
  private static final String CACHE = "RUNTRACKER_CACHE";

  private UnknownVariables() {}

  /**
   * Looks for them.
   *
   * @param ofOthers those that somebody reads beside the core's own
   * @return a line for each, with the known one that is most like it, if there is such
   */
  public static Collection<String> in(
      Map<String, String> environment, Collection<String> ofOthers) {
    Set<String> known = new HashSet<>(ofOthers);
    Settings.ALL.forEach(setting -> known.add(setting.variable()));
    known.add(CACHE);
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
