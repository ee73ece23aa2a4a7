// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads variables; an error names the variable and says what would have been right. */
final class Environment {

  private static final Pattern DURATION = Pattern.compile("(\\d{1,9})\\s*(ms|s|m)?");

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
    return Boolean.TRUE.equals(get(name, Environment::bool));
  }

  Path home() {
    String home = get("HOME");
    return Path.of(home != null ? home : System.getProperty("user.home", "."));
  }

  static Boolean bool(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "true", "1" -> true;
      case "false", "0" -> false;
      default -> throw new IllegalArgumentException("must be true or false, but is '" + text + "'");
    };
  }

  static Integer wholeNumber(String text) {
    try {
      return Integer.valueOf(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("must be a whole number, but is '" + text + "'", e);
    }
  }

  static Double number(String text) {
    try {
      return Double.valueOf(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("must be a number, but is '" + text + "'", e);
    }
  }

  /** A plain number is seconds, as in MLflow. */
  static Duration duration(String text) {
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "must be seconds, or a duration such as 500ms, 10s or 2m, but is '" + text + "'");
    }
    long amount = Long.parseLong(matcher.group(1));
    String unit = matcher.group(2) == null ? "s" : matcher.group(2);
    return switch (unit) {
      case "ms" -> Duration.ofMillis(amount);
      case "m" -> Duration.ofMinutes(amount);
      default -> Duration.ofSeconds(amount);
    };
  }
}
