// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A PostgreSQL of one's own, where the machine has one installed. */
final class Postgres implements AutoCloseable {

  private final Path binaries;
  private final Path directory;
  private final int port;

  private Postgres(Path binaries, Path directory, int port) {
    this.binaries = binaries;
    this.directory = directory;
    this.port = port;
  }

  /** Where {@code initdb} is; empty when PostgreSQL is not installed. */
  static Optional<Path> installed() {
    try (Stream<Path> versions = Files.list(Path.of("/usr/lib/postgresql"))) {
      return versions
          .map(version -> version.resolve("bin"))
          .filter(bin -> Files.isExecutable(bin.resolve("initdb")))
          .max(Comparator.naturalOrder());
    } catch (IOException notInstalled) {
      return Optional.empty();
    }
  }

  static Postgres start(Path binaries) {
    try {
      Path directory = Files.createTempDirectory("runtracker-postgres");
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
      Postgres postgres = new Postgres(binaries, directory, freePort());
      String data = directory.resolve("data").toString();
      postgres.run("initdb", "-D", data, "-U", "mlflow", "-A", "trust", "-E", "UTF8", "-N");
      String options = "-p " + postgres.port + " -h 127.0.0.1 -F -k " + directory;
      postgres.run(
          "pg_ctl",
          "-D",
          data,
          "-w",
          "-o",
          options,
          "-l",
          directory.resolve("log").toString(),
          "start");
      return postgres;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String uri() {
    return "postgresql+psycopg2://mlflow@127.0.0.1:" + port + "/postgres";
  }

  @Override
  public void close() {
    run("pg_ctl", "-D", directory.resolve("data").toString(), "-m", "immediate", "stop");
    run("/bin/rm", "-rf", "data", "log");
    try {
      Files.delete(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  /** PostgreSQL does not run as root. */
  private void run(String program, String... arguments) {
    List<String> command = new ArrayList<>();
    if (System.getProperty("user.name").equals("root")) {
      command.addAll(List.of("runuser", "-u", "nobody", "--"));
    }
    command.add(binaries.resolve(program).toString());
    command.addAll(List.of(arguments));
    try {
      Path output = Files.createTempFile("runtracker-postgres", ".log");
      Process process =
          new ProcessBuilder(command)
              .directory(directory.toFile())
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      if (!process.waitFor(60, SECONDS) || process.exitValue() != 0) {
        throw new IllegalStateException(command + ": " + Files.readString(output, UTF_8));
      }
      Files.delete(output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
