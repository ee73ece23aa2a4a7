// SPDX-License-Identifier: Apache-2.0
package io.runtracker.examples.servlet;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The example service in a process of its own, to be killed for real. */
final class ServiceProcess {

  private static final String LISTENING = "listening on ";

  private final Process process;
  private final int port;

  private ServiceProcess(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /** Starts it on a free port and returns when it listens. What it logs is appended to a file. */
  static ServiceProcess start(Map<String, String> environment, Path log) throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    ProcessBuilder builder =
        new ProcessBuilder(
            List.of(
                java,
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                ServletService.class.getName()));
    builder.environment().keySet().removeIf(name -> name.startsWith("MLFLOW_"));
    builder.environment().putAll(environment);
    builder.environment().put("PORT", "0");
    builder.redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
    Process process = builder.start();
    BufferedReader out =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    for (String line = out.readLine(); line != null; line = out.readLine()) {
      if (line.startsWith(LISTENING)) {
        Thread drain = new Thread(() -> drain(out), "service-output");
        drain.setDaemon(true);
        drain.start();
        return new ServiceProcess(process, Integer.parseInt(line.substring(LISTENING.length())));
      }
    }
    throw new IOException("the service did not start; see " + log);
  }

  /** Until the service ends; one that is killed takes its stream with it. */
  private static void drain(BufferedReader out) {
    try {
      out.transferTo(Writer.nullWriter());
    } catch (IOException killed) {
      return;
    }
  }

  int port() {
    return port;
  }

  /** SIGKILL. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** SIGTERM, and wait for its end. */
  void stop() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      kill();
      throw new AssertionError("the service did not end within 60 s of SIGTERM");
    }
  }
}
