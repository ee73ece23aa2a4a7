// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.pipeline;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * The compiler's and the collector's threads, of which the JVM does not tell. The kernel does,
 * where it is Linux; elsewhere nothing is said.
 */
final class KernelThreads {

  private static final Path TASKS = Path.of("/proc/self/task");

  private KernelThreads() {}

  static Map<String, Long> cpuNanos() {
    Map<String, Long> found = new TreeMap<>();
    if (!Files.isDirectory(TASKS)) {
      return found;
    }
    try (DirectoryStream<Path> tasks = Files.newDirectoryStream(TASKS)) {
      for (Path task : tasks) {
        add(task, found);
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return found;
  }

  private static void add(Path task, Map<String, Long> found) {
    try {
      String name = Files.readString(task.resolve("comm"), US_ASCII).strip();
      String kind = kind(name);
      if (!kind.isEmpty()) {
        String times = Files.readString(task.resolve("schedstat"), US_ASCII);
        found.merge(kind, Long.valueOf(times.substring(0, times.indexOf(' '))), Long::sum);
      }
    } catch (IOException ended) {
      return; // meanwhile; a compiler's thread that ends has had its work a while ago
    }
  }

  private static String kind(String name) {
    if (name.startsWith("C1 Comp") || name.startsWith("C2 Comp")) {
      return "jit";
    }
    return name.startsWith("G1 ") || name.startsWith("GC Thread") || name.equals("VM Thread")
        ? "gc"
        : "";
  }
}
