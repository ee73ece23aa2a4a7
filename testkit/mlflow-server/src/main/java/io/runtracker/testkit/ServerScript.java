// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs {@code mlflow_server.py}, which knows how to install, start and end MLflow. */
final class ServerScript {

  private static final Logger log = LoggerFactory.getLogger(ServerScript.class);
  private static final String PYTHON = System.getProperty("runtracker.python", "python3");
  private static final Duration STARTING = Duration.ofSeconds(200);
  private static final long POLL_MILLIS = 50;

  private ServerScript() {}

  static Path stateFile(Path directory) {
    return directory.resolve("state.json");
  }

  /** Starts a server and returns once it answers. */
  static ServerState serve(Path directory, int port, long watchedPid, List<String> arguments) {
    try {
      Files.createDirectories(directory);
      Path script = unpack(directory);
      install(script);
      Path stateFile = stateFile(directory);
      Files.deleteIfExists(stateFile);
      File output = directory.resolve("supervisor.log").toFile();
      List<String> command = new ArrayList<>(List.of(PYTHON, script.toString(), "serve"));
      command.addAll(List.of("--dir", directory.resolve("server").toString()));
      command.addAll(List.of("--port", Integer.toString(port)));
      command.addAll(List.of("--watch-pid", Long.toString(watchedPid)));
      command.addAll(List.of("--state-file", stateFile.toString()));
      command.addAll(arguments);
      // Into a file, never a pipe: who waits for the end of a pipe would wait for the server.
      Process supervisor =
          new ProcessBuilder(command)
              .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(output))
              .start();
      return awaitState(supervisor, stateFile, output.toPath());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while MLflow started", e);
    }
  }

  private static Path unpack(Path directory) throws IOException {
    Path script = directory.resolve("mlflow_server.py");
    try (InputStream resource = ServerScript.class.getResourceAsStream("mlflow_server.py")) {
      if (resource == null) {
        throw new IllegalStateException("mlflow_server.py is missing beside this class");
      }
      Files.copy(resource, script, StandardCopyOption.REPLACE_EXISTING);
    }
    return script;
  }

  /**
   * Apart from the start, so that what the first install of a machine says is seen while it goes
   * on.
   */
  private static void install(Path script) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(PYTHON, script.toString(), "install").redirectErrorStream(true).start();
    StringBuilder said = new StringBuilder();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        log.info("{}", line);
        said.append(line).append('\n');
      }
    }
    if (process.waitFor() != 0) {
      throw new IllegalStateException("MLflow could not be installed:\n" + said);
    }
  }

  private static ServerState awaitState(Process supervisor, Path stateFile, Path output)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + STARTING.toNanos();
    while (System.nanoTime() < deadline) {
      Optional<ServerState> state = ServerState.read(stateFile);
      if (state.isPresent()) {
        return state.get();
      }
      if (supervisor.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
        break;
      }
    }
    supervisor.destroy();
    throw new IllegalStateException("MLflow did not start:\n" + Files.readString(output));
  }

  /** The shell's own kill: the program of that name is not on every machine. */
  static void signalGroup(String signal, long processGroup) {
    try {
      Process kill =
          new ProcessBuilder("sh", "-c", "kill -" + signal + " -" + processGroup)
              .redirectErrorStream(true)
              .start();
      String said = new String(kill.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (kill.waitFor() != 0) {
        throw new IllegalStateException("no SIG" + signal + " for the server: " + said.strip());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while the server got SIG" + signal, e);
    }
  }

  static void awaitEnd(ProcessHandle process, Duration patience) {
    try {
      process.onExit().get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("process " + process.pid() + " does not end", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while the server ended", e);
    }
  }
}
