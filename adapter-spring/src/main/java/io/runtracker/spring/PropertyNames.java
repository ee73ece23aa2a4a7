// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The names of the properties, {@code runtracker.batch-size}, however they are spelt. */
final class PropertyNames {

  static final String PREFIX = "runtracker.";

  /** By what all spellings of a name have in common. */
  private static final Map<String, String> NAMES = new LinkedHashMap<>();

  static {
    Arrays.stream(RuntrackerProperties.class.getRecordComponents())
        .map(RecordComponent::getName)
        .forEach(name -> NAMES.put(uniform(name), PREFIX + kebab(name)));
  }

  private PropertyNames() {}

  static Collection<String> all() {
    return NAMES.values();
  }

  /**
   * The property that is meant.
   *
   * @param name without the prefix, such as {@code batchSize}, {@code batch-size} or {@code
   *     BATCH_SIZE}
   * @return null when there is none
   */
  static @Nullable String of(String name) {
    return NAMES.get(uniform(name));
  }

  private static String kebab(String name) {
    return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
  }

  private static String uniform(String name) {
    return name.replace("-", "").replace("_", "").toLowerCase(Locale.ROOT);
  }
}
