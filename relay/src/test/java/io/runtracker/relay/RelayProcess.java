// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import static org.awaitility.Awaitility.await;

import io.runtracker.internal.log.FailPoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A relay as a process of its own, which a test kills and freezes. It ends with its test. */
final class RelayProcess implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int DIED = 99;

  private final Process process;
  private final Path output;

  private RelayProcess(Process process, Path output) {
    this.process = process;
    this.output = output;
  }

  /**
   * Starts one, and does not wait for it.
   *
   * @param output is appended to
   */
  static RelayProcess start(Map<String, String> environment, Path output) throws IOException {
    return start(environment, output, "");
  }

  /**
   * Starts one that ends, as if it was killed, when it comes to a point.
   *
   * @param times so often
   */
  static RelayProcess startToDieAt(
      FailPoint point, int times, Map<String, String> environment, Path output) throws IOException {
    return start(environment, output, point + ":" + times);
  }

  private static RelayProcess start(Map<String, String> environment, Path output, String dieAt)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx192m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Dorg.slf4j.simpleLogger.log.org.apache.kafka=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
            "-cp",
            System.getProperty("java.class.path"),
            RelayProcess.class.getName(),
            dieAt);
    builder.environment().putAll(environment);
    return new RelayProcess(
        builder
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
            .start(),
        output);
  }

  /** Of the process itself. */
  public static void main(String[] arguments) throws InterruptedException {
    Thread watch = new Thread(RelayProcess::endWithParent, "end-with-parent");
    watch.setDaemon(true);
    watch.start();
    if (arguments[0].isEmpty()) {
      Relay.main(arguments);
    } else {
      String[] pointAndTimes = arguments[0].split(":");
      FailPoint deadly = FailPoint.valueOf(pointAndTimes[0]);
      AtomicInteger left = new AtomicInteger(Integer.parseInt(pointAndTimes[1]));
      Relay.run(point -> dieAt(point, deadly, left));
    }
  }

  private static void dieAt(FailPoint reached, FailPoint deadly, AtomicInteger left) {
    if (reached == deadly && left.decrementAndGet() == 0) {
      Runtime.getRuntime().halt(DIED);
    }
  }

  /** Waits until it has come to its point; false where it does not. */
  boolean hasDied(Duration patience) throws InterruptedException {
    return process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)
        && process.exitValue() == DIED;
  }

  private static void endWithParent() {
    try {
      while (System.in.read() >= 0) {
        // nobody writes
      }
    } catch (IOException gone) {
      // as its end
    }
    Runtime.getRuntime().halt(1);
  }

  void kill() {
    process.destroyForcibly();
    process.onExit().join();
  }

  /**
   * SIGTERM, as an operator does; returns when it has ended. Not by {@link Process#destroy}, which
   * closes its input too, and then it ends as if killed.
   */
  void stop() {
    signal("TERM");
    process.onExit().join();
    if (!log().contains("The relay has ended")) {
      throw new IllegalStateException("it did not end in order");
    }
  }

  void freeze() {
    signal("STOP");
  }

  void thaw() {
    signal("CONT");
  }

  private void signal(String name) {
    try {
      List<String> command = List.of("kill", "-" + name, String.valueOf(process.pid()));
      if (new ProcessBuilder(command).inheritIO().start().onExit().join().exitValue() != 0) {
        throw new IllegalStateException("no signal could be sent");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void awaitLog(String text) {
    await().atMost(PATIENCE).until(this::log, log -> log.contains(text));
  }

  /** What it has logged, and those before it that had the same file. */
  String log() {
    try {
      return Files.readString(output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    kill();
  }
}
