// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import io.runtracker.internal.config.NearestName;
import java.util.Collection;
import java.util.TreeSet;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;

/** A misspelt property would be obeyed by nobody and noticed by nobody. */
final class UnknownProperties {

  private UnknownProperties() {}

  /** A line for each, with the known one that is most like it, if there is such. */
  static Collection<String> in(ConfigurableEnvironment environment) {
    Collection<String> lines = new TreeSet<>();
    for (PropertySource<?> source : environment.getPropertySources()) {
      if (source instanceof EnumerablePropertySource<?> names) {
        for (String name : names.getPropertyNames()) {
          String first = first(name);
          if (!first.isEmpty()
              && PropertyNames.of(first) == null
              && Variables.variable(name) == null) {
            lines.add(
                name
                    + " is set, but is not a property of Runtracker"
                    + NearestName.question(PropertyNames.PREFIX + first, PropertyNames.all()));
          }
        }
      }
    }
    return lines;
  }

  /** What is behind the prefix, without what is behind that of a list or a map. */
  private static String first(String name) {
    return name.startsWith(PropertyNames.PREFIX)
        ? name.substring(PropertyNames.PREFIX.length()).split("[.\\[]", 2)[0]
        : "";
  }
}
