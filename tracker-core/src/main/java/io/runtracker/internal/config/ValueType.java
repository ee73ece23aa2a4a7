// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.config;

import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a setting's value is, and how people write it.
 *
 * @param says what a table says of it, such as {@code duration}
 * @param parser throws an IllegalArgumentException that says what would have been right
 */
public record ValueType<T>(String says, Function<String, T> parser) {

  private static final Pattern DURATION = Pattern.compile("(\\d{1,12})\\s*(ms|s|m|h|d)?");
  private static final Pattern SIZE =
      Pattern.compile("(\\d{1,18})\\s*([kmgt]?)(?:i?b)?", Pattern.CASE_INSENSITIVE);

  /** Each is the 1024-fold of the one before, the first that of a byte. */
  private static final String UNITS = "kmgt";

  public static final ValueType<String> TEXT = new ValueType<>("text", text -> text);

  public static final ValueType<List<String>> TEXTS =
      new ValueType<>("list, comma-separated", ValueType::texts);

  public static final ValueType<Path> PATH = new ValueType<>("path", Path::of);

  /** The words are those that MLflow's own client takes. */
  public static final ValueType<Boolean> BOOLEAN = new ValueType<>("boolean", ValueType::bool);

  public static final ValueType<Integer> INTEGER =
      new ValueType<>("whole number", ValueType::integer);

  public static final ValueType<Double> DECIMAL = new ValueType<>("number", ValueType::decimal);

  /** Bytes. */
  public static final ValueType<Long> SIZE_IN_BYTES = new ValueType<>("size", ValueType::size);

  /** A plain number is seconds, as in MLflow's own variables. */
  public static final ValueType<Duration> DURATION_OF_TIME =
      new ValueType<>("duration", ValueType::duration);

  /** A constant of an enum, in any case. */
  public static <E extends Enum<E>> ValueType<E> oneOf(Class<E> type) {
    List<String> names = Arrays.stream(type.getEnumConstants()).map(Enum::name).toList();
    return new ValueType<>(
        String.join(", ", names),
        text -> {
          String name = text.toUpperCase(Locale.ROOT).replace('-', '_');
          if (!names.contains(name)) {
            throw new IllegalArgumentException(
                "must be one of " + names + ", but is '" + text + "'");
          }
          return Enum.valueOf(type, name);
        });
  }

  private static List<String> texts(String text) {
    return Arrays.stream(text.split(",")).map(String::trim).filter(s -> !s.isEmpty()).toList();
  }

  private static boolean bool(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "true", "1" -> true;
      case "false", "0" -> false;
      default -> throw new IllegalArgumentException("must be true or false, but is '" + text + "'");
    };
  }

  private static int integer(String text) {
    try {
      long value = Long.parseLong(text);
      if (value != (int) value) {
        throw new IllegalArgumentException(
            "must be between "
                + Integer.MIN_VALUE
                + " and "
                + Integer.MAX_VALUE
                + ", but is "
                + text);
      }
      return (int) value;
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("must be a whole number, but is '" + text + "'", e);
    }
  }

  private static double decimal(String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("must be a number, but is '" + text + "'", e);
    }
  }

  private static long size(String text) {
    Matcher matcher = SIZE.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "must be a size such as 1048576, 512k, 8M or 1GiB, but is '" + text + "'");
    }
    String unit = matcher.group(2).toLowerCase(Locale.ROOT);
    int shift = unit.isEmpty() ? 0 : 10 * (UNITS.indexOf(unit) + 1);
    long value = Long.parseLong(matcher.group(1));
    if (value > Long.MAX_VALUE >> shift) {
      throw new IllegalArgumentException("must be at most " + Long.MAX_VALUE + " bytes: " + text);
    }
    return value << shift;
  }

  private static Duration duration(String text) {
    Matcher matcher = DURATION.matcher(text);
    if (matcher.matches()) {
      long amount = Long.parseLong(matcher.group(1));
      String unit = matcher.group(2) == null ? "s" : matcher.group(2);
      return switch (unit) {
        case "ms" -> Duration.ofMillis(amount);
        case "m" -> Duration.ofMinutes(amount);
        case "h" -> Duration.ofHours(amount);
        case "d" -> Duration.ofDays(amount);
        default -> Duration.ofSeconds(amount);
      };
    }
    try {
      return Duration.parse(text);
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException(
          "must be a duration such as 500ms, 10s, 2m, 1h or PT10S, but is '" + text + "'", e);
    }
  }
}
