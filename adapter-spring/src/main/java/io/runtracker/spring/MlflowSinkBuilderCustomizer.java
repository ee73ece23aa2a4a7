// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import io.runtracker.mlflow.MlflowSink;

/**
 * A bean that has the last word on the settings of the auto-configured {@link MlflowSink}; there
 * may be several, in their {@code @Order}.
 */
@FunctionalInterface
public interface MlflowSinkBuilderCustomizer {

  /** Called once, after the properties were applied and before the sink is built. */
  void customize(MlflowSink.Builder builder);
}
