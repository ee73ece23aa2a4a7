// SPDX-License-Identifier: Apache-2.0
package io.runtracker.examples.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.runtracker.testkit.Fault;
import io.runtracker.testkit.FaultProxy;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A service whose disk others fill, and whose MLflow loses its database: what was safe, and what
 * nobody erased, is there once.
 */
@Tag("once")
class DiskAndDatabaseTest {

  private static final Duration LONG = Duration.ofMinutes(3);

  private final Random random = new Random();
  private final AtomicInteger numbers = new AtomicInteger();
  private final Set<Integer> mustBeThere = new HashSet<>();

  @TempDir Path directory;
  private Path disk;

  @BeforeEach
  void mountSmallDisk() throws Exception {
    disk = Files.createDirectory(directory.resolve("disk"));
    assumeTrue(
        run("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk.toString()),
        "mounting a tmpfs is not permitted here");
  }

  @AfterEach
  void unmount() throws Exception {
    run("umount", disk.toString());
  }

  private static boolean run(String... command) throws Exception {
    try {
      return new ProcessBuilder(command).start().waitFor() == 0;
    } catch (IOException notInstalled) {
      return false;
    }
  }

  private Map<String, String> environment(URI server, String experiment, String trackAs) {
    Map<String, String> variables = new HashMap<>();
    variables.put("MLFLOW_TRACKING_URI", server.toString());
    variables.put("MLFLOW_EXPERIMENT_NAME", experiment);
    variables.put("MLFLOW_HTTP_REQUEST_TIMEOUT", "8");
    variables.put("RUNTRACKER_SPOOL_DIR", disk.resolve("spool").toString());
    variables.put("RUNTRACKER_SPOOL_QUOTA", Integer.toString(8 << 20));
    variables.put("RUNTRACKER_MAX_RETRY_DELAY", "2s");
    variables.put("RUNTRACKER_LOOKUP_DELAY", "3s");
    variables.put("RUNTRACKER_TRACK_AS", trackAs);
    variables.put("RUNTRACKER_WINDOW_AGE", "300ms");
    variables.put("RUNTRACKER_WINDOW_ROWS", "20");
    return variables;
  }

  private void fillDisk() throws IOException {
    try (OutputStream out = Files.newOutputStream(disk.resolve("ballast"))) {
      while (true) {
        out.write(new byte[512]);
      }
    } catch (IOException full) {
      assertThat(full).hasMessageContaining("space");
    }
  }

  private LoadedService start(Map<String, String> environment) throws IOException {
    return LoadedService.start(environment, directory.resolve("service.log"), numbers);
  }

  @ParameterizedTest
  @ValueSource(strings = {"RUN", "WINDOW", "AUTO"})
  void what_was_safe_when_the_disk_was_full_is_delivered_once(String trackAs) throws Exception {
    try (MlflowServer server = MlflowServer.start(MlflowServer.Options.plain())) {
      MlflowRuns mlflow = MlflowRuns.of(server);
      MlflowRuns.Experiment experiment = mlflow.createExperiment("disk-" + trackAs);
      Map<String, String> environment = environment(server.uri(), experiment.name(), trackAs);

      server.freeze();
      LoadedService first = start(environment);
      first.load(random);
      TimeUnit.MILLISECONDS.sleep(1_500);
      first.pause();
      await().until(() -> first.ledger().get("spooled").asInt() >= first.answered().size());
      mustBeThere.addAll(first.answered());
      fillDisk();
      first.load(random);
      TimeUnit.MILLISECONDS.sleep(500);
      server.thaw();
      TimeUnit.MILLISECONDS.sleep(1_000);
      first.end(true);

      LoadedService onFullDisk = start(environment);
      JsonNode drained = onFullDisk.awaitSettled(LONG);
      assertThat(LoadedService.addsUp(drained)).isTrue();
      onFullDisk.load(random);
      TimeUnit.MILLISECONDS.sleep(500);
      onFullDisk.end(false); // what is in memory alone is delivered, or counted
      Files.delete(disk.resolve("ballast"));

      LoadedService last = start(environment);
      JsonNode ledger = last.awaitSettled(LONG);
      last.end(false);
      WrittenRequests written = WrittenRequests.in(mlflow, experiment);
      report("full disk, " + trackAs, written, ledger);
      // What the disk refused was never safe: the kill may have left runs of such requests open.
      assertThat(written.unfinished(mustBeThere)).as("unfinished").isEmpty();
      check(written, ledger);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"RUN", "WINDOW", "AUTO"})
  void what_waits_when_the_database_is_emptied_is_delivered_once(String trackAs) throws Exception {
    try (MlflowServer server = MlflowServer.start(MlflowServer.Options.plain());
        FaultProxy proxy = FaultProxy.inFrontOf(server.uri())) {
      MlflowRuns mlflow = MlflowRuns.of(server);
      String name = "erased-" + trackAs;
      Map<String, String> environment = environment(proxy.uri(), name, trackAs);
      LoadedService service = start(environment);
      service.load(random);
      TimeUnit.MILLISECONDS.sleep(1_500);
      proxy.inject(FaultProxy.on("POST", "runs/update"), Fault.answer(503)); // none is completed
      TimeUnit.MILLISECONDS.sleep(1_500);
      service.pause();
      mustBeThere.addAll(service.answered());
      MlflowRuns.Experiment before = experiment(mlflow, name);
      await().until(() -> !WrittenRequests.in(mlflow, before).unfinished().isEmpty());
      mustBeThere.removeAll(WrittenRequests.in(mlflow, before).timesByNumber().keySet());
      server.restartEmptied();
      proxy.clear();

      JsonNode ledger = service.awaitSettled(LONG);
      service.end(false);
      WrittenRequests written = WrittenRequests.in(mlflow, experiment(mlflow, name));
      report("emptied database, " + trackAs, written, ledger);
      assertThat(written.unfinished()).as("unfinished").isEmpty();
      check(written, ledger);
    }
  }

  private static MlflowRuns.Experiment experiment(MlflowRuns mlflow, String name) {
    return new MlflowRuns.Experiment(mlflow.experimentId(name).orElseThrow(), name);
  }

  private void report(String what, WrittenRequests written, JsonNode ledger) {
    System.out.printf(
        "%s: must be there %d, written %d (runs %d, windows %d), missing: %d, twice: %d, %s%n",
        what,
        mustBeThere.size(),
        written.requests(),
        written.runs(),
        written.windows(),
        written.missing(mustBeThere).size(),
        written.twice().size(),
        ledger);
  }

  private void check(WrittenRequests written, JsonNode ledger) {
    assertThat(mustBeThere).isNotEmpty();
    assertThat(written.missing(mustBeThere)).as("missing").isEmpty();
    assertThat(written.twice()).as("written twice").isEmpty();
    assertThat(LoadedService.addsUp(ledger)).as("%s", ledger).isTrue();
    assertThat(ledger.get("dropped").has("REFUSED")).as("%s", ledger).isFalse();
  }
}
