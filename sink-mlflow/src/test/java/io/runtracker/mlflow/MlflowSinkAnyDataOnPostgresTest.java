// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.TestEvents.NO_ENVIRONMENT;

import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import net.jqwik.api.Tag;
import net.jqwik.api.lifecycle.AddLifecycleHook;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import net.jqwik.api.lifecycle.LifecycleContext;
import net.jqwik.api.lifecycle.PropagationMode;
import net.jqwik.api.lifecycle.SkipExecutionHook;
import org.jspecify.annotations.Nullable;

/** On PostgreSQL, which refuses what SQLite stores: NUL, and whatever is longer than its column. */
@AddLifecycleHook(MlflowSinkAnyDataOnPostgresTest.NeedsPostgres.class)
@Tag("once")
class MlflowSinkAnyDataOnPostgresTest extends MlflowSinkAnyDataContract {

  /** A hook, because jqwik takes an assumption that fails for a whole class for an error. */
  static final class NeedsPostgres implements SkipExecutionHook {
    @Override
    public SkipResult shouldBeSkipped(LifecycleContext context) {
      return Postgres.installed().isPresent()
          ? SkipResult.doNotSkip()
          : SkipResult.skip("PostgreSQL's binaries are not below /usr/lib/postgresql");
    }

    @Override
    public PropagationMode propagateTo() {
      return PropagationMode.ALL_DESCENDANTS;
    }
  }

  private static @Nullable Postgres postgres;
  private static @Nullable MlflowServer server;
  private static MlflowRuns runs;
  private static MlflowSink sink;

  @BeforeContainer
  static void start() {
    postgres = Postgres.start(Postgres.installed().orElseThrow());
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
