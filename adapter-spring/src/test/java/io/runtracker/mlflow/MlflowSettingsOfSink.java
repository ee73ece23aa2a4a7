// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.internal.config.Setting;
import java.util.List;

/** What a sink for MLflow may be told, for tests elsewhere. */
public final class MlflowSettingsOfSink {

  private MlflowSettingsOfSink() {}

  public static List<Setting<?>> all() {
    return SinkSettings.ALL;
  }
}
