// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.runtracker.testkit.MlflowRuns.Experiment;
import io.runtracker.testkit.MlflowServer.Options;
import java.io.UncheckedIOException;
import java.net.http.HttpTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@Tag("once")
class MlflowServerTest {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir private Path directory;

  @Test
  void theSharedServerIsTheSameForEverybody() {
    assertThat(MlflowServer.shared().pids()).isEqualTo(MlflowServer.shared().pids());
  }

  @Test
  void closingTheSharedServerLeavesItRunning() {
    MlflowServer.shared().close();

    assertThat(MlflowServer.shared().isRunning()).isTrue();
  }

  @Test
  void theSharedServerCannotBeKilled() {
    assertThatThrownBy(() -> MlflowServer.shared().kill())
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aSharedServerThatDiedIsStartedAnew() {
    long self = ProcessHandle.current().pid();
    ServerState first = SharedServer.findOrStart(directory, self);
    ServerScript.signalGroup("KILL", first.processGroup());

    ServerState second = SharedServer.findOrStart(directory, self);

    assertThat(second.processGroup()).isNotEqualTo(first.processGroup());
    end(second);
  }

  @Test
  void aServerGoesAwayWithTheProcessItWatches() throws Exception {
    Process watched = new ProcessBuilder("sleep", "600").start();
    ServerState server = ServerScript.serve(directory, 0, watched.pid(), List.of());

    watched.destroyForcibly();

    awaitGone(server);
  }

  @Test
  void aServerGoesAwayWhenItsSupervisorIsKilled() {
    ServerState server = ServerScript.serve(directory, 0, ProcessHandle.current().pid(), List.of());

    ProcessHandle.of(server.pid()).orElseThrow().destroyForcibly();

    awaitGone(server);
  }

  /** One server for both: each leaves it as it was. */
  @Nested
  @TestInstance(TestInstance.Lifecycle.PER_CLASS)
  class Mistreated {

    private MlflowServer server;

    @BeforeAll
    void start() {
      server = MlflowServer.start(Options.plain().workers(2));
    }

    @AfterAll
    void close() {
      server.close();
    }

    @Test
    void aFrozenServerAnswersOnceItIsThawed() {
      RawMlflow mlflow = new RawMlflow(server.uri());
      server.freeze();
      assertThatThrownBy(
              () -> mlflow.send(mlflow.request("/health").timeout(Duration.ofMillis(300))))
          .hasCauseInstanceOf(HttpTimeoutException.class);

      server.thaw();

      assertThat(mlflow.get("/health").statusCode()).isEqualTo(200);
    }

    @Test
    void aKilledServerComesBackOnItsPortWithItsRuns() {
      MlflowRuns runs = MlflowRuns.of(server);
      Experiment experiment = runs.createExperiment("killed");
      server.kill();
      assertThatThrownBy(() -> runs.search(experiment.id()))
          .isInstanceOf(UncheckedIOException.class);

      server.restart();

      assertThat(runs.experimentId(experiment.name())).contains(experiment.id());
    }
  }

  @Test
  void aFrozenServerCanBeClosed() {
    MlflowServer server = MlflowServer.start(Options.plain());
    server.freeze();

    server.close();

    awaitGone(server.pids());
  }

  @Test
  void aServerWithBasicAuthBehindTlsWantsBothCredentialsAndItsCa() {
    try (MlflowServer server = MlflowServer.start(Options.plain().withBasicAuth().withTls())) {
      Path ca = server.caCertificate().orElseThrow();
      String user = server.username().orElseThrow();
      String password = server.password().orElseThrow();

      assertThat(MlflowRuns.of(server).createExperiment("secure").id()).isNotEmpty();
      assertThatThrownBy(
              () -> MlflowRuns.at(server.uri(), null, null, ca).createExperiment("no user"))
          .hasMessageContaining("401");
      assertThatThrownBy(
              () -> MlflowRuns.at(server.uri(), user, "wrong", ca).createExperiment("wrong"))
          .hasMessageContaining("401");
      assertThatThrownBy(
              () -> MlflowRuns.at(server.uri(), user, password, null).createExperiment("no CA"))
          .hasRootCauseInstanceOf(java.security.cert.CertPathBuilderException.class);
    }
  }

  @Test
  void aPortInUseIsAClearError() {
    Options options = Options.plain().port(MlflowServer.shared().uri().getPort());

    assertThatThrownBy(() -> MlflowServer.start(options)).hasMessageContaining("cannot be used");
  }

  private static void end(ServerState server) {
    ProcessHandle.of(server.pid()).ifPresent(ProcessHandle::destroy);
    awaitGone(server);
  }

  private static void awaitGone(ServerState server) {
    awaitGone(List.of(server.pid()));
    awaitGone(server.pids());
  }

  /** Awaited, because a process that has ended is there until init has read its status. */
  private static void awaitGone(List<Long> pids) {
    await().atMost(PATIENCE).until(() -> pids.stream().noneMatch(MlflowServerTest::isAlive));
  }

  private static boolean isAlive(long pid) {
    return ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isPresent();
  }
}
