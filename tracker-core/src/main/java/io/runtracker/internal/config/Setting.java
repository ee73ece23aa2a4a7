// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.config;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One setting, described once: builders, variables, Spring's properties and the tables of the
 * documents come from these or are held to them by a test.
 *
 * @param name as the builder's method spells it
 * @param variable in the environment
 * @param type what its value is
 * @param defaultValue null where there is none, or where it depends on others
 * @param defaultText what a table says about its default
 * @param meaning what a table says about it
 * @param check says what is wrong with a value
 */
public record Setting<T>(
    String name,
    String variable,
    ValueType<T> type,
    @Nullable T defaultValue,
    String defaultText,
    String meaning,
    Check<T> check) {

  /** Says what is wrong with a value, as a sentence that begins behind its name; or null. */
  public interface Check<T> {
    @Nullable String fault(T value);
  }

  /** A setting with a default. */
  public static <T> Setting<T> of(
      String name, ValueType<T> type, T defaultValue, String defaultText, String meaning) {
    return new Setting<>(
        name, variable(name), type, defaultValue, defaultText, meaning, value -> null);
  }

  /** A setting without a default, or with one that depends on others. */
  public static <T> Setting<T> open(
      String name, ValueType<T> type, String defaultText, String meaning) {
    return new Setting<>(name, variable(name), type, null, defaultText, meaning, value -> null);
  }

  /** {@code batchSize} is {@code RUNTRACKER_BATCH_SIZE} in the environment. */
  private static String variable(String name) {
    return "RUNTRACKER_" + name.replaceAll("([A-Z])", "_$1").toUpperCase(Locale.ROOT);
  }

  /** The same, under another variable. */
  public Setting<T> in(String otherVariable) {
    return new Setting<>(name, otherVariable, type, defaultValue, defaultText, meaning, check);
  }

  /** The same, whose values are held to this, too. */
  public Setting<T> must(Check<T> more) {
    Check<T> both =
        value -> {
          String fault = check.fault(value);
          return fault != null ? fault : more.fault(value);
        };
    return new Setting<>(name, variable, type, defaultValue, defaultText, meaning, both);
  }
}
