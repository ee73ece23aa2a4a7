// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.TestEvents.NO_ENVIRONMENT;

import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import net.jqwik.api.Tag;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** On SQLite. */
@Tag("once")
class MlflowSinkAnyDataTest extends MlflowSinkAnyDataContract {

  private static MlflowRuns runs;
  private static MlflowSink sink;

  @BeforeContainer
  static void start() {
    MlflowServer server = MlflowServer.shared();
    runs = MlflowRuns.of(server);
    sink =
        MlflowSink.builder()
            .environment(NO_ENVIRONMENT)
            .trackingUri(server.uri().toString())
            .experiment(runs.createExperiment("any-data").name())
            .build();
  }

  @AfterContainer
  static void stop() {
    sink.close();
  }

  @Override
  MlflowSink sink() {
    return sink;
  }

  @Override
  MlflowRuns runs() {
    return runs;
  }
}
