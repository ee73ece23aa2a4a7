// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads settings: what the builder was told wins over the environment, which wins over the default.
 * An error names the variable and says what would have been right.
 */
final class SettingsReader {

  private static final Pattern DURATION = Pattern.compile("(\\d{1,12})\\s*(ms|s|m|h)");

  private static final QuietLogger log = QuietLogger.ofTracker();

  private final Map<String, String> environment;

  /** Those of the MLflow sink, and what is read here. */
  private final Set<String> known =
      new HashSet<>(
          Set.of(
              "RUNTRACKER_PARENT_RUN",
              "RUNTRACKER_SERVICE_NAME",
              "RUNTRACKER_CONNECT_TIMEOUT",
              "RUNTRACKER_DURATION_METRIC",
              "RUNTRACKER_WINDOW_ROUTES",
              "RUNTRACKER_WINDOW_FAILURE_RATIO",
              "RUNTRACKER_CACHE"));

  SettingsReader(Map<String, String> environment) {
    this.environment = environment;
  }

  /** {@code batchSize} is {@code RUNTRACKER_BATCH_SIZE} in the environment. */
  static String variable(String setting) {
    return "RUNTRACKER_" + setting.replaceAll("([A-Z])", "_$1").toUpperCase(Locale.ROOT);
  }

  <T> T read(String setting, @Nullable T told, T byDefault, Function<String, T> parser) {
    T value = readIfSet(setting, told, parser);
    return value != null ? value : byDefault;
  }

  <T> @Nullable T readIfSet(String setting, @Nullable T told, Function<String, T> parser) {
    String variable = variable(setting);
    known.add(variable);
    if (told != null) {
      return told;
    }
    String text = environment.get(variable);
    if (text == null || text.isBlank()) {
      return null;
    }
    try {
      return parser.apply(text.trim());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(variable + ": " + e.getMessage(), e);
    }
  }

  /** A misspelt variable would otherwise be obeyed by nobody and noticed by nobody. */
  void warnOfUnknown() {
    for (String name : environment.keySet()) {
      if (name.startsWith("RUNTRACKER_") && !known.contains(name)) {
        log.warn(name + " is set, but is not a setting of Runtracker", null);
      }
    }
  }

  /**
   * Tracking is on unless one of the two variables says no. MLflow's own word is heard too, because
   * a user who turns tracking off for Python means all of it.
   */
  boolean enabled(@Nullable Boolean told) {
    boolean byMlflow =
        !"false".equalsIgnoreCase(environment.getOrDefault("MLFLOW_ENABLE", "true").trim());
    return read("enabled", told, byMlflow, SettingsReader::bool);
  }

  static boolean bool(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException("must be true or false, but is '" + text + "'");
    };
  }

  static int integer(String text) {
    long value = number(text);
    if (value > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("must be at most " + Integer.MAX_VALUE + ": " + text);
    }
    return (int) value;
  }

  static long number(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("must be a whole number, but is '" + text + "'", e);
    }
  }

  static double decimal(String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("must be a number, but is '" + text + "'", e);
    }
  }

  static Duration duration(String text) {
    Matcher matcher = DURATION.matcher(text);
    if (matcher.matches()) {
      long amount = Long.parseLong(matcher.group(1));
      return switch (matcher.group(2)) {
        case "ms" -> Duration.ofMillis(amount);
        case "s" -> Duration.ofSeconds(amount);
        case "m" -> Duration.ofMinutes(amount);
        default -> Duration.ofHours(amount);
      };
    }
    try {
      return Duration.parse(text);
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException(
          "must be a duration such as 500ms, 10s, 2m or PT10S, but is '" + text + "'", e);
    }
  }

  static List<String> list(String text) {
    return Arrays.stream(text.split(",")).map(String::trim).filter(s -> !s.isEmpty()).toList();
  }

  /** A constant of an enum, in any case. */
  static <E extends Enum<E>> E constant(Class<E> type, String text) {
    try {
      return Enum.valueOf(type, text.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "must be one of " + Arrays.toString(type.getEnumConstants()) + ", but is '" + text + "'",
          e);
    }
  }
}
