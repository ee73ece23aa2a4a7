// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.RequestEvent;
import io.runtracker.RunSink;
import java.util.Map;
import java.util.Optional;

/** Writes each request as a run of an MLflow server. */
public final class MlflowSink implements RunSink {
  public static MlflowSink fromEnvironment() {
    return fromEnvironment(System.getenv());
  }

  public static MlflowSink fromEnvironment(Map<String, String> environment) {
    return new MlflowSink();
  }

  @Override
  public String create(RequestEvent event) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void complete(String runId, RequestEvent event) {}

  @Override
  public Optional<String> find(RequestEvent event) {
    return Optional.empty();
  }

  @Override
  public void close() {}
}
