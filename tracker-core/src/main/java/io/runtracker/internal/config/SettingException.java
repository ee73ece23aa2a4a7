// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.config;

import org.jspecify.annotations.Nullable;

/** A setting that cannot be used. Its message begins with the name that the user wrote. */
public final class SettingException extends IllegalArgumentException {

  private static final long serialVersionUID = 1;

  private final String setting;
  private final String variable;
  private final String fault;

  SettingException(Setting<?> setting, String written, String fault, @Nullable Throwable cause) {
    super(written + " " + fault, cause);
    this.setting = setting.name();
    this.variable = setting.variable();
    this.fault = fault;
  }

  /** The name of the setting in the builder. */
  public String setting() {
    return setting;
  }

  /** Its variable in the environment. */
  public String variable() {
    return variable;
  }

  /** What is wrong, as a sentence that begins behind a name. */
  public String fault() {
    return fault;
  }
}
