// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The name of the server comes to mean another address. Java is given a file for its name server,
 * which it can only be when it starts; and all of 127.0.0.0/8 is this machine only on Linux.
 */
@Tag("once")
@EnabledOnOs(OS.LINUX)
class FailOverTest {

  @TempDir Path directory;

  private final HttpPeer first = HttpPeer.start();
  private Process process;

  @BeforeEach
  void call() throws Exception {
    first.answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst");
    name(null);
    process =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-Djdk.net.hosts.file=" + directory.resolve("hosts"),
                "-cp",
                System.getProperty("java.class.path"),
                NamedServer.class.getName(),
                "http://mlflow.example:" + first.port())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("out").toFile())
            .start();
  }

  @AfterEach
  void stop() {
    process.destroyForcibly();
    first.close();
  }

  private void name(InetAddress address) throws IOException {
    String line = address == null ? "" : address.getHostAddress() + " mlflow.example\n";
    Path beside = Files.writeString(directory.resolve("beside"), line);
    Files.move(beside, directory.resolve("hosts"), StandardCopyOption.ATOMIC_MOVE);
  }

  private void comes(String outcome) {
    await().atMost(Duration.ofSeconds(30)).until(() -> outcomes().endsWith(outcome + "\n"));
  }

  private String outcomes() throws IOException {
    return Files.readString(directory.resolve("out"), UTF_8);
  }

  @Test
  void callsFollowTheNameWhetherTheOldServerIsGoneOrNot() throws Exception {
    comes("UNAVAILABLE"); // nobody has heard of the name, and nothing was sent
    name(InetAddress.getByName("127.0.0.1"));
    comes("first");

    InetAddress elsewhere = InetAddress.getByName("127.0.0.2");
    try (HttpPeer second = HttpPeer.start(elsewhere, first.port())) {
      second.answer("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond");
      name(elsewhere);
      comes("second"); // though the first one answers as ever
      name(InetAddress.getByName("127.0.0.1"));
      comes("first");
      name(elsewhere);
      first.close();
      comes("second"); // whatever came in between
      assertThat(List.of(outcomes().split("\n"))).startsWith("UNAVAILABLE", "first", "second");
    }
  }
}
