// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.sink.RunSink;
import io.runtracker.sink.SinkProvider;
import java.util.Map;
import java.util.Set;

/** Builds a {@link MlflowSink} of the environment. */
public final class MlflowSinkProvider implements SinkProvider {

  /** For the {@code ServiceLoader}. */
  public MlflowSinkProvider() {}

  @Override
  public String name() {
    return "mlflow";
  }

  @Override
  public boolean isConfigured(Map<String, String> environment) {
    return !environment.getOrDefault(SinkSettings.TRACKING_URI.variable(), "").isBlank();
  }

  /** Whoever adds another sink means that one, as soon as it is configured. */
  @Override
  public boolean isFallback() {
    return true;
  }

  @Override
  public Set<String> variables() {
    return MlflowSink.variables();
  }

  @Override
  public RunSink create(Map<String, String> environment) {
    return MlflowSink.fromEnvironment(environment);
  }
}
