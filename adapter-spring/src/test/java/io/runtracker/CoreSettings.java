// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.internal.config.Setting;
import io.runtracker.internal.config.Settings;
import java.util.List;

/** What a tracker may be told, for tests elsewhere. */
public final class CoreSettings {

  private CoreSettings() {}

  public static List<Setting<?>> all() {
    return Settings.ALL;
  }
}
