// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spikes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.Uuid;

/** A real broker of one node, from its published jars, in a process of its own. */
final class Broker implements AutoCloseable {

  private final Process process;
  private final String servers;

  Broker(Path directory) throws IOException, InterruptedException {
    int port = freePort();
    int controller = freePort();
    this.servers = "127.0.0.1:" + port;
    Path settings = directory.resolve("server.properties");
    Files.writeString(
        settings,
        String.join(
            "\n",
            "process.roles=broker,controller",
            "node.id=1",
            "listeners=PLAINTEXT://127.0.0.1:" + port + ",CONTROLLER://127.0.0.1:" + controller,
            "advertised.listeners=PLAINTEXT://127.0.0.1:" + port,
            "controller.listener.names=CONTROLLER",
            "controller.quorum.voters=1@127.0.0.1:" + controller,
            "log.dirs=" + directory.resolve("log"),
            "offsets.topic.replication.factor=1",
            "offsets.topic.num.partitions=4",
            "transaction.state.log.replication.factor=1",
            "transaction.state.log.min.isr=1",
            "transaction.state.log.num.partitions=4",
            "auto.create.topics.enable=false"));
    Process format =
        java(
                directory,
                "kafka.tools.StorageTool",
                "format",
                "-t",
                Uuid.randomUuid().toString(),
                "-c",
                settings.toString())
            .start();
    assertThat(format.waitFor()).isZero();
    this.process = java(directory, "kafka.Kafka", settings.toString()).start();
    await()
        .atMost(Duration.ofMinutes(2))
        .until(
            () -> {
              assertThat(process.isAlive()).isTrue();
              return isListening(port);
            });
  }

  /** As started by the tests: with their class path. */
  static ProcessBuilder java(Path directory, String main, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx256m", "-XX:+UseSerialGC", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.add(main);
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(
            ProcessBuilder.Redirect.appendTo(directory.resolve(main + ".log").toFile()));
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private static boolean isListening(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress("127.0.0.1", port), 1_000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  String servers() {
    return servers;
  }

  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
  }
}
