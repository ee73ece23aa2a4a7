// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.config;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads settings: what a builder was told wins over the environment, which wins over the default.
 * An error names what the user wrote and says what would have been right. Not safe for use by
 * several threads.
 */
public final class SettingsReader {

  private final Map<String, String> environment;
  private final Told told;

  /** Of a builder, and of these variables. */
  public SettingsReader(Told told, Map<String, String> environment) {
    this.told = told;
    this.environment = environment;
  }

  /** The value, or the default. */
  public <T> T read(Setting<T> setting) {
    T byDefault = setting.defaultValue();
    if (byDefault == null) {
      throw new IllegalStateException(setting.name() + " has no default");
    }
    return read(setting, byDefault);
  }

  /** The value, or this default. */
  public <T> T read(Setting<T> setting, T byDefault) {
    T value = readIfSet(setting);
    return value != null ? value : byDefault;
  }

  /** The value, or null. */
  public <T> @Nullable T readIfSet(Setting<T> setting) {
    T value = told.value(setting);
    String written = setting.name();
    if (value == null) {
      value = ofEnvironment(setting);
      written = setting.variable();
    }
    String fault = value == null ? null : setting.check().fault(value);
    if (fault != null) {
      throw new SettingException(setting, written, fault, null);
    }
    return value;
  }

  private <T> @Nullable T ofEnvironment(Setting<T> setting) {
    String text = environment.get(setting.variable());
    if (text == null || text.isBlank()) {
      return null;
    }
    try {
      return setting.type().parser().apply(text.strip());
    } catch (IllegalArgumentException e) {
      throw new SettingException(setting, setting.variable(), String.valueOf(e.getMessage()), e);
    }
  }
}
