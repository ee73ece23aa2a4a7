// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.config;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a builder was told. Not safe for use by several threads. */
public final class Told {

  private final Map<String, Object> values = new HashMap<>();

  /** Replaces what was told of it before. */
  public <T> void tell(Setting<T> setting, T value) {
    values.put(setting.name(), value);
  }

  /** What was told of it, or null. */
  @SuppressWarnings("unchecked") // tell() put it there
  public <T> @Nullable T value(Setting<T> setting) {
    return (T) values.get(setting.name());
  }
}
