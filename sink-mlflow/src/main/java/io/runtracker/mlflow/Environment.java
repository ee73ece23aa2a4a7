// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.internal.config.ValueType;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads variables that are no settings of ours; an error names the variable and says what would
 * have been right.
 */
final class Environment {

  private final Map<String, String> variables;

  Environment(Map<String, String> variables) {
    this.variables = variables;
  }

  /** The value without the space around it; null when not set or blank. */
  @Nullable String get(String name) {
    String value = variables.get(name);
    return value == null || value.isBlank() ? null : value.strip();
  }

  <T> @Nullable T get(String name, Function<String, T> parser) {
    String value = get(name);
    if (value == null) {
      return null;
    }
    try {
      return parser.apply(value);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
    }
  }

  /** Set and true. The words are those that MLflow's own client takes. */
  boolean isTrue(String name) {
    return Boolean.TRUE.equals(get(name, ValueType.BOOLEAN.parser()));
  }

  Path home() {
    String home = get("HOME");
    return Path.of(home != null ? home : System.getProperty("user.home", "."));
  }
}
