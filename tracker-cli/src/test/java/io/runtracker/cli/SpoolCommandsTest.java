// SPDX-License-Identifier: Apache-2.0
package io.runtracker.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.RequestEvent;
import io.runtracker.RequestTarget;
import io.runtracker.Tracker;
import io.runtracker.adapter.OpenRequest;
import io.runtracker.internal.delivery.Spool;
import io.runtracker.sink.RunSink;
import io.runtracker.sink.SinkException;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.MlflowServer;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class SpoolCommandsTest {

  @TempDir Path directory;

  private final StringWriter out = new StringWriter();

  private int runtracker(String... arguments) {
    CommandLine commandLine = Runtracker.commandLine();
    commandLine.setOut(new PrintWriter(out, true));
    commandLine.setErr(new PrintWriter(out, true));
    return commandLine.execute(arguments);
  }

  /** A sink that refuses, or is away. */
  private record Deaf(SinkException.Kind kind) implements RunSink {
    @Override
    public String create(RequestEvent event) throws SinkException {
      if (event.target().path().equals("/other")) {
        return "other";
      }
      throw new SinkException(kind, "no ear", null);
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

  private void serve(SinkException.Kind kind, int requests) {
    Tracker tracker =
        Tracker.builder()
            .environment(Map.of())
            .spool(directory)
            .retryDelay(Duration.ofMillis(5))
            .maxRetryDelay(Duration.ofMillis(50))
            .sink(new Deaf(kind))
            .build();
    for (int i = 0; i < requests; i++) {
      serve(tracker, "/" + i);
    }
    if (kind == SinkException.Kind.REFUSED) {
      // Only while others pass is anything set aside.
      while (tracker.stats().ledger().droppedTotal() < requests) {
        serve(tracker, "/other");
        tracker.flush(Duration.ofMillis(100));
      }
      tracker.flush(Duration.ofSeconds(30));
    }
    tracker.close(Duration.ZERO);
  }

  private static void serve(Tracker tracker, String path) {
    OpenRequest request =
        tracker.open("GET", new RequestTarget("http", "localhost", 80, path, null));
    request.end(200, null);
  }

  @Test
  void inspect_prints_what_is_in_the_spool() {
    serve(SinkException.Kind.UNAVAILABLE, 3);
    assertThat(runtracker("spool", "inspect", directory.toString())).isZero();
    assertThat(out.toString().lines())
        .contains("accepted: 3", "delivered: 0", "spooled: 3", "rejected: 0", "damaged: no");
  }

  @Test
  void inspect_of_no_spool_is_a_clear_error() {
    assertThat(runtracker("spool", "inspect", directory.resolve("nowhere").toString()))
        .isEqualTo(1);
    assertThat(out.toString()).startsWith("runtracker: There is no spool in ");
  }

  @Test
  void a_directory_that_is_no_spool_is_a_clear_error_and_stays_as_it_is() throws Exception {
    for (String command : new String[] {"inspect", "drain", "rejected"}) {
      assertThat(runtracker("spool", command, directory.toString())).isEqualTo(1);
    }
    assertThat(out.toString().lines())
        .hasSize(3)
        .allMatch(line -> line.equals("runtracker: There is no spool in " + directory));
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void of_a_directory_that_processes_share_every_part_is_inspected() throws Exception {
    Path shared = directory;
    for (String part : new String[] {"instance-0", "instance-1"}) {
      directory = shared.resolve(part);
      serve(SinkException.Kind.UNAVAILABLE, 3);
    }
    Files.createDirectory(shared.resolve("instance-of-something-else"));
    assertThat(runtracker("spool", "inspect", shared.toString())).isZero();
    assertThat(out.toString().lines())
        .containsSubsequence(
            "instance-0:", "spooled: 3", "instance-1:", "spooled: 3", "all parts:", "spooled: 6");
    directory = shared;
  }

  @Test
  void a_part_that_is_in_use_costs_no_other() throws Exception {
    Path shared = directory;
    directory = shared.resolve("instance-1");
    serve(SinkException.Kind.UNAVAILABLE, 3);
    directory = shared;
    try (Tracker tracker =
        Tracker.builder()
            .environment(Map.of())
            .spool(shared.resolve("instance-0"))
            .sink(new Deaf(SinkException.Kind.UNAVAILABLE))
            .closeTimeout(Duration.ZERO)
            .build()) {
      assertThat(tracker.isEnabled()).isTrue();
      assertThat(runtracker("spool", "inspect", shared.toString())).isEqualTo(1);
    }
    assertThat(out.toString().lines()).anyMatch(line -> line.startsWith("not read: "));
    assertThat(out.toString().lines()).contains("instance-1:", "spooled: 3");
  }

  @Test
  void every_command_has_help_and_a_version() {
    for (String[] command :
        new String[][] {
          {}, {"spool"}, {"spool", "inspect"}, {"spool", "drain"}, {"spool", "rejected"}
        }) {
      for (String option : new String[] {"--help", "--version"}) {
        String[] line = Arrays.copyOf(command, command.length + 1);
        line[command.length] = option;
        assertThat(runtracker(line)).as(String.join(" ", line)).isZero();
      }
    }
    assertThat(out.toString()).contains("Usage: runtracker spool drain", "runtracker ");
  }

  @Test
  void a_spool_in_use_is_a_clear_error() {
    try (Tracker tracker =
        Tracker.builder()
            .environment(Map.of())
            .spool(directory)
            .sink(new Deaf(SinkException.Kind.UNAVAILABLE))
            .closeTimeout(Duration.ZERO)
            .build()) {
      assertThat(tracker.isEnabled()).isTrue();
      assertThat(runtracker("spool", "inspect", directory.toString())).isEqualTo(1);
      assertThat(out.toString()).contains(directory.toString());
    }
  }

  @Test
  void rejected_prints_the_requests_with_their_reasons() {
    serve(SinkException.Kind.REFUSED, 2);
    assertThat(runtracker("spool", "rejected", directory.toString())).isZero();
    assertThat(out.toString())
        .contains("REFUSED: no ear", "http://localhost/0", "http://localhost/1");
  }

  @Test
  void a_file_that_cannot_be_read_costs_no_other() throws Exception {
    serve(SinkException.Kind.REFUSED, 3);
    Path rejected = directory.resolve("rejected");
    try (Stream<Path> files = Files.list(rejected)) {
      Files.writeString(files.sorted().findFirst().orElseThrow(), "{\"event\": \"no base64\"}");
    }
    assertThat(runtracker("spool", "rejected", "--resend", directory.toString())).isEqualTo(1);
    assertThat(runtracker("spool", "inspect", directory.toString())).isZero();
    try (Spool spool = Spool.open(directory)) {
      assertThat(spool.rejected()).hasSize(1);
      assertThat(spool.ledger().spooled()).isEqualTo(2);
    }
  }

  @Test
  void what_was_refused_is_resent_and_what_waits_is_drained_into_mlflow() throws Exception {
    serve(SinkException.Kind.REFUSED, 2);
    assertThat(runtracker("spool", "rejected", "--resend", directory.toString())).isZero();
    serve(SinkException.Kind.UNAVAILABLE, 3);

    MlflowServer server = MlflowServer.shared();
    MlflowRuns mlflow = MlflowRuns.of(server);
    MlflowRuns.Experiment experiment = mlflow.createExperiment("drain");
    // A process of its own, because its environment names the server.
    Path output = Files.createTempFile(directory, "drain", ".txt");
    ProcessBuilder drain =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            Runtracker.class.getName(),
            "spool",
            "drain",
            directory.toString());
    drain.environment().put("MLFLOW_TRACKING_URI", server.uri().toString());
    drain.environment().put("MLFLOW_EXPERIMENT_NAME", experiment.name());
    drain.environment().put("RUNTRACKER_LOOKUP_DELAY", "100ms");
    drain.redirectErrorStream(true).redirectOutput(output.toFile());
    assertThat(drain.start().waitFor()).as(Files.readString(output)).isZero();

    assertThat(Files.readString(output).lines()).contains("spooled: 0");
    assertThat(mlflow.search(experiment.id())).hasSize(5);
  }
}
