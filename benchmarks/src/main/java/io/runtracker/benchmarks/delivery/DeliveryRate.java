// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.delivery;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.OperatingSystemMXBean;
import io.runtracker.testkit.FaultProxy;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes runs to an MLflow server as fast as it takes them. Prints one line of JSON.
 *
 * <p>Arguments: {@code rate|calls}, {@code bare|runtracker}, the server, runs in flight, whether
 * each run has a metric ({@code true|false}), runs before, runs that count, and runs into a {@link
 * Rehearsal} before all of them. {@code calls} puts a proxy in between and says which calls were
 * made, and nothing of how fast.
 */
final class DeliveryRate {

  private static final String API = "/api/2.0/mlflow/";

  private final Map<String, Object> result = new LinkedHashMap<>();

  /** Something that writes runs; returns when all are written. */
  interface Writer extends AutoCloseable {
    void write(int runs) throws Exception;

    @Override
    void close();
  }

  public static void main(String[] args) throws Exception {
    DeliveryRate rate = new DeliveryRate();
    boolean metric = Boolean.parseBoolean(args[4]);
    int inFlight = Integer.parseInt(args[3]);
    int before = Integer.parseInt(args[5]);
    int runs = Integer.parseInt(args[6]);
    int rehearsed = Integer.parseInt(args[7]);
    URI server = URI.create(args[2]);
    if (rehearsed > 0) {
      try (Rehearsal rehearsal = new Rehearsal();
          Writer writer = writer(args[1], rehearsal.uri(), inFlight, metric)) {
        writer.write(rehearsed);
      }
      awaitCompiler();
    }
    if (args[0].equals("calls")) {
      try (FaultProxy proxy = FaultProxy.inFrontOf(server);
          Writer writer = writer(args[1], proxy.uri(), inFlight, metric)) {
        rate.count(proxy, writer, before, runs);
      }
    } else {
      try (Writer writer = writer(args[1], server, inFlight, metric)) {
        rate.measure(writer, before, runs);
      }
    }
    System.out.println(new ObjectMapper().writeValueAsString(rate.result));
  }

  private static Writer writer(String name, URI server, int inFlight, boolean metric)
      throws Exception {
    return switch (name) {
      case "bare" -> new BareClient(server, inFlight, metric);
      case "runtracker" -> new TrackerWriter(server, inFlight, metric);
      default -> throw new IllegalArgumentException(name);
    };
  }

  /** It goes on with what the rehearsal made hot, and would take a core from the server. */
  private static void awaitCompiler() throws InterruptedException {
    CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
    long spent = -1;
    for (int i = 0; i < 30 && compiler.getTotalCompilationTime() != spent; i++) {
      spent = compiler.getTotalCompilationTime();
      Thread.sleep(1_000);
    }
  }

  private void measure(Writer writer, int before, int runs) throws Exception {
    writer.write(before);
    OperatingSystemMXBean process =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long cpuBefore = process.getProcessCpuTime();
    long start = System.nanoTime();
    writer.write(runs);
    double seconds = (System.nanoTime() - start) / 1e9;
    result.put("runs", runs);
    result.put("seconds", seconds);
    result.put("runs_per_second", runs / seconds);
    result.put("cpu_ms_per_run", (process.getProcessCpuTime() - cpuBefore) / 1e6 / runs);
  }

  private void count(FaultProxy proxy, Writer writer, int before, int runs) throws Exception {
    writer.write(before);
    int earlier = proxy.requests().size();
    writer.write(runs);
    Map<String, Integer> calls = new TreeMap<>();
    for (FaultProxy.Request request : proxy.requests().subList(earlier, proxy.requests().size())) {
      calls.merge(request.path().replace(API, ""), 1, Integer::sum);
    }
    result.put("runs", runs);
    result.put("calls", calls);
    result.put(
        "calls_per_run", calls.values().stream().mapToInt(Integer::intValue).sum() / (double) runs);
  }
}
