// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import io.runtracker.internal.config.NearestName;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;

/** A misspelt property would be obeyed by nobody and noticed by nobody. */
final class UnknownProperties {

  private static final String OURS = "runtracker.";

  private static final List<String> KNOWN =
      Arrays.stream(RuntrackerProperties.class.getRecordComponents())
          .map(RecordComponent::getName)
          .map(name -> name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT))
          .toList();

  private static final Set<String> KNOWN_IN_ANY_SPELLING =
      KNOWN.stream().map(UnknownProperties::uniform).collect(Collectors.toUnmodifiableSet());

  private UnknownProperties() {}

  /** A line for each, with the known one that is most like it, if there is such. */
  static Collection<String> in(ConfigurableEnvironment environment) {
    Collection<String> lines = new TreeSet<>();
    for (PropertySource<?> source : environment.getPropertySources()) {
      if (source instanceof EnumerablePropertySource<?> names) {
        for (String name : names.getPropertyNames()) {
          String first = name.startsWith(OURS) ? first(name.substring(OURS.length())) : "";
          if (!first.isEmpty() && !KNOWN_IN_ANY_SPELLING.contains(uniform(first))) {
            lines.add(
                name
                    + " is set, but is not a property of Runtracker"
                    + NearestName.question(
                        OURS + first, KNOWN.stream().map(one -> OURS + one).toList()));
          }
        }
      }
    }
    return lines;
  }

  /** Without what is behind it of a list or a map. */
  private static String first(String name) {
    return name.split("[.\\[]", 2)[0];
  }

  private static String uniform(String name) {
    return name.replace("-", "").replace("_", "").toLowerCase(Locale.ROOT);
  }
}
