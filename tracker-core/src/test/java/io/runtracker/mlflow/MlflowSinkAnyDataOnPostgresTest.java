// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.TestEvents.NO_ENVIRONMENT;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import java.nio.file.Path;
import java.util.Optional;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.jspecify.annotations.Nullable;

/** On PostgreSQL, which refuses what SQLite stores: NUL, and whatever is longer than its column. */
class MlflowSinkAnyDataOnPostgresTest extends MlflowSinkAnyDataContract {

  private static @Nullable Postgres postgres;
  private static @Nullable MlflowServer server;
  private static MlflowRuns runs;
  private static MlflowSink sink;

  @BeforeContainer
  static void start() {
    Optional<Path> binaries = Postgres.installed();
    assumeThat(binaries).describedAs("PostgreSQL's binaries below /usr/lib/postgresql").isPresent();
    postgres = Postgres.start(binaries.orElseThrow());
    server = MlflowServer.start(MlflowServer.Options.plain().backendStoreUri(postgres.uri()));
    runs = MlflowRuns.of(server);
    sink =
        MlflowSink.builder()
            .environment(NO_ENVIRONMENT)
            .trackingUri(server.uri().toString())
            .build();
  }

  @AfterContainer
  static void stop() {
    if (sink != null) {
      sink.close();
    }
    if (server != null) {
      server.close();
    }
    if (postgres != null) {
      postgres.close();
    }
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
