// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.idle;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.OperatingSystemMXBean;
import io.runtracker.Ledger;
import io.runtracker.RequestTarget;
import io.runtracker.Tracker;
import io.runtracker.adapter.OpenRequest;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A process that does nothing for a while, and what that cost. Prints one line of JSON.
 *
 * <p>Arguments: {@code none|unused|used}, the MLflow server, seconds to settle, seconds. {@code
 * none} has no tracker, {@code unused} one that has served no request, {@code used} one that has
 * delivered some.
 */
final class IdleProcess {

  private static final int REQUESTS = 20;
  private static final int COLLECTIONS = 4;

  private IdleProcess() {}

  public static void main(String[] args) throws Exception {
    ObjectMapper json = new ObjectMapper();
    Tracker tracker = args[0].equals("none") ? null : tracker(args[1]);
    if (tracker != null && args[0].equals("used")) {
      serve(tracker);
    }
    // All that this process itself needs is loaded before it is measured.
    json.writeValueAsString(measure(0.1));
    TimeUnit.MILLISECONDS.sleep((long) (Double.parseDouble(args[2]) * 1000));
    Map<String, Object> result = measure(Double.parseDouble(args[3]));
    System.out.println(json.writeValueAsString(result));
    close(tracker);
  }

  private static Tracker tracker(String server) {
    return Tracker.builder()
        .environment(Map.of("MLFLOW_TRACKING_URI", server))
        .shutdownHook(false)
        .build();
  }

  private static void serve(Tracker tracker) {
    for (int i = 0; i < REQUESTS; i++) {
      RequestTarget target = new RequestTarget("http", "localhost", 8080, "/items/" + i, null);
      OpenRequest request = Objects.requireNonNull(tracker.open("GET", target));
      request.end(200, null);
    }
    Ledger ledger = tracker.flush(Duration.ofMinutes(2));
    if (!ledger.isComplete()) {
      throw new IllegalStateException("not all was delivered: " + ledger);
    }
  }

  private static Map<String, Object> measure(double seconds) throws InterruptedException {
    OperatingSystemMXBean process =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long cpuBefore = process.getProcessCpuTime();
    long start = System.nanoTime();
    TimeUnit.MILLISECONDS.sleep((long) (seconds * 1000));
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("cpu_seconds", (process.getProcessCpuTime() - cpuBefore) / 1e9);
    result.put("seconds", (System.nanoTime() - start) / 1e9);
    List<String> threads =
        Thread.getAllStackTraces().keySet().stream().map(Thread::getName).sorted().toList();
    result.put("threads", threads.size());
    result.put("thread_names", threads);
    result.put("heap_bytes", heapBytes());
    return result;
  }

  /** What is left after several collections, in bytes. */
  private static long heapBytes() throws InterruptedException {
    for (int i = 0; i < COLLECTIONS; i++) {
      System.gc();
      TimeUnit.MILLISECONDS.sleep(50);
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static void close(@Nullable Tracker tracker) {
    if (tracker != null) {
      tracker.close(Duration.ZERO);
    }
  }
}
