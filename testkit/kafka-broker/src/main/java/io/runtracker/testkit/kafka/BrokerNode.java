// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit.kafka;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One broker, which is a controller too: its files, and its process while it has one. */
final class BrokerNode {

  /** Enough for what tests write; a loaded broker then takes 300 MB. */
  private static final String HEAP = "-Xmx256m";

  private static final long LONGEST_STOP_SECONDS = 20;

  private final Path directory;
  private final Path settings;
  private final Path output;
  private @Nullable Process process;

  BrokerNode(Path cluster, int id) {
    this.directory = cluster.resolve("node-" + id);
    this.settings = directory.resolve("server.properties");
    this.output = cluster.resolve("node-" + id + ".log");
  }

  /** The file of what Kafka is told. */
  Path settings() {
    return settings;
  }

  /** Writes the settings, and forgets all that it held. */
  Process format(String clusterId, List<String> lines) throws IOException {
    deleteFiles();
    Files.createDirectories(directory);
    List<String> all = new ArrayList<>(lines);
    all.add("log.dirs=" + directory.resolve("log"));
    Files.write(settings, all);
    return java("kafka.tools.StorageTool", "format", "-t", clusterId, "-c", settings.toString());
  }

  private void deleteFiles() throws IOException {
    if (Files.exists(directory)) {
      try (Stream<Path> files = Files.walk(directory)) {
        for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  void start() throws IOException {
    if (process != null && process.isAlive()) {
      throw new IllegalStateException("it runs already");
    }
    process = java(BrokerProcess.class.getName(), settings.toString());
  }

  /** With the class path of the tests, which has the jars of Kafka. */
  private Process java(String main, String... arguments) throws IOException {
    URL logging = Objects.requireNonNull(BrokerNode.class.getResource("broker-logback.xml"));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(HEAP, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.add("-Dlogback.configurationFile=" + logging);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
        .start();
  }

  boolean isAlive() {
    return process != null && process.isAlive();
  }

  /** The last of what it printed, for who has to find out why it does not serve. */
  String lastLines() {
    try (Stream<String> lines = Files.lines(output)) {
      List<String> all = lines.toList();
      return String.join("\n", all.subList(Math.max(0, all.size() - 20), all.size()));
    } catch (IOException e) {
      return "nothing printed: " + e.getMessage();
    }
  }

  void kill() {
    if (process != null) {
      process.destroyForcibly();
      process.onExit().join();
    }
  }

  /** As an operator does. One that does not end in time is killed. */
  void stop() {
    if (process == null) {
      return;
    }
    process.destroy();
    try {
      if (!process.waitFor(LONGEST_STOP_SECONDS, TimeUnit.SECONDS)) {
        kill();
      }
    } catch (InterruptedException e) {
      kill();
      Thread.currentThread().interrupt();
    }
  }

  /** Java has no other way to send such a signal. */
  void signal(String name) {
    if (process == null || !process.isAlive()) {
      throw new IllegalStateException("it does not run");
    }
    try {
      Process sent =
          new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid())).inheritIO().start();
      if (sent.onExit().join().exitValue() != 0) {
        throw new IllegalStateException("no signal could be sent");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
