// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.pipeline;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the threads of this JVM have cost, by what they do. It looks at them now and then, because a
 * thread that has ended cannot be asked any more: senders come and go.
 */
final class Costs {

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final long LOOK_MILLIS = 250;

  /** The thread that makes the requests, and what the benchmark itself needs. */
  static final String LOAD = "load";

  private static final String BENCHMARK = "benchmark-";

  /** The beginnings of threads' names, and what such threads do. The first that fits counts. */
  private static final List<Map.Entry<String, String>> STAGES =
      List.of(
          Map.entry("runtracker-batcher", "batcher"),
          Map.entry("runtracker-delivery", "delivery"),
          Map.entry("runtracker-sender", "sender"),
          Map.entry("runtracker-", "other"),
          Map.entry("BatchSpanProcessor", "processor"),
          Map.entry("OkHttp", "http"),
          Map.entry("Okio", "http"),
          Map.entry("AsyncAppender-Worker", "appender"),
          Map.entry(LOAD, LOAD),
          Map.entry(BENCHMARK, "benchmark"));

  /** Of one thread. */
  private record Cost(String stage, long cpuNanos, long allocatedBytes) {}

  private final Map<Long, Cost> last = new HashMap<>();
  private final Thread thread = new Thread(this::lookAgainAndAgain, BENCHMARK + "costs");

  void begin() {
    thread.setDaemon(true);
    thread.start();
  }

  private void lookAgainAndAgain() {
    try {
      while (true) {
        look();
        Thread.sleep(LOOK_MILLIS);
      }
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void look() {
    for (long id : THREADS.getAllThreadIds()) {
      Cost before = last.get(id);
      String stage = before == null ? stage(id) : before.stage();
      long cpu = THREADS.getThreadCpuTime(id);
      if (cpu >= 0) {
        last.put(id, new Cost(stage, cpu, Math.max(0, THREADS.getThreadAllocatedBytes(id))));
      }
    }
  }

  private static String stage(long id) {
    ThreadInfo info = THREADS.getThreadInfo(id);
    String name = info == null ? "" : info.getThreadName();
    for (Map.Entry<String, String> stage : STAGES) {
      if (name.startsWith(stage.getKey())) {
        return stage.getValue();
      }
    }
    return "jvm";
  }

  /**
   * All that each stage has cost so far, and the JVM's own threads beside: {@code cpu_ns}, with
   * what the kernel did for them, and {@code allocated_bytes}.
   */
  synchronized Map<String, Map<String, Long>> soFar() {
    look();
    Map<String, Map<String, Long>> stages = new TreeMap<>();
    for (Cost cost : last.values()) {
      Map<String, Long> stage = stages.computeIfAbsent(cost.stage(), s -> new LinkedHashMap<>());
      stage.merge("cpu_ns", cost.cpuNanos(), Long::sum);
      stage.merge("allocated_bytes", cost.allocatedBytes(), Long::sum);
    }
    KernelThreads.cpuNanos()
        .forEach((name, nanos) -> stages.put(name, new LinkedHashMap<>(Map.of("cpu_ns", nanos))));
    return stages;
  }

  /** What was added between two looks. */
  static Map<String, Map<String, Long>> between(
      Map<String, Map<String, Long>> before, Map<String, Map<String, Long>> after) {
    Map<String, Map<String, Long>> added = new TreeMap<>();
    after.forEach(
        (stage, costs) -> {
          Map<String, Long> more = new LinkedHashMap<>(costs);
          before
              .getOrDefault(stage, Map.of())
              .forEach((cost, n) -> more.merge(cost, -n, Long::sum));
          added.put(stage, more);
        });
    return added;
  }
}
