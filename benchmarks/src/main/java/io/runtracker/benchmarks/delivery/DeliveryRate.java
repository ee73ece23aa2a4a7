// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.delivery;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.OperatingSystemMXBean;
import io.runtracker.benchmarks.StandIn;
import io.runtracker.testkit.FaultProxy;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes runs to an MLflow server as fast as it takes them. Prints one line of JSON.
 *
 * <p>Arguments: {@code rate|calls}, the server, whether each run has a metric ({@code true|false}),
 * runs before, runs that count, and the writers, each such as {@code bare:16} or {@code
 * runtracker:12} with what it has in flight. {@code rate} takes two more before the writers: in how
 * many turns each writes so many, and runs of each into a {@link StandIn} before all of them, so
 * that the compiler takes nothing from the server meanwhile. {@code calls} puts a proxy in between
 * and says which calls the writer made, and nothing of how fast.
 */
final class DeliveryRate {

  private static final String API = "/api/2.0/mlflow/";

  private final URI server;
  private final boolean metric;
  private final int before;
  private final int runs;

  private DeliveryRate(URI server, boolean metric, int before, int runs) {
    this.server = server;
    this.metric = metric;
    this.before = before;
    this.runs = runs;
  }

  /** Something that writes runs; returns when all are written. */
  interface Writer extends AutoCloseable {
    void write(int runs) throws Exception;

    @Override
    void close();
  }

  /** Who writes, and how many runs at a time. */
  private record Arm(String who, int inFlight) {
    static Arm of(String argument) {
      String[] parts = argument.split(":", 2);
      return new Arm(parts[0], Integer.parseInt(parts[1]));
    }

    Writer open(URI server, boolean metric) throws Exception {
      return switch (who) {
        case "bare" -> new BareClient(server, inFlight, metric);
        case "runtracker" -> new TrackerWriter(server, inFlight, metric);
        default -> throw new IllegalArgumentException(who);
      };
    }
  }

  public static void main(String[] args) throws Exception {
    DeliveryRate rate =
        new DeliveryRate(
            URI.create(args[1]),
            Boolean.parseBoolean(args[2]),
            Integer.parseInt(args[3]),
            Integer.parseInt(args[4]));
    Object result;
    if (args[0].equals("calls")) {
      result = rate.count(Arm.of(args[5]));
    } else {
      List<Arm> arms = new ArrayList<>();
      for (int i = 7; i < args.length; i++) {
        arms.add(Arm.of(args[i]));
      }
      rate.rehearse(arms, Integer.parseInt(args[6]));
      result = rate.measureInTurn(arms, Integer.parseInt(args[5]));
    }
    System.out.println(new ObjectMapper().writeValueAsString(result));
  }

  private void rehearse(List<Arm> arms, int rehearsed) throws Exception {
    for (Arm arm : arms) {
      try (StandIn standIn = new StandIn();
          Writer writer = arm.open(standIn.uri(), metric)) {
        writer.write(rehearsed);
      }
    }
    awaitCompiler();
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

  /** All are there from the beginning; each is idle but in its turn. */
  private List<Map<String, Object>> measureInTurn(List<Arm> arms, int turns) throws Exception {
    List<Map<String, Object>> found = new ArrayList<>();
    List<Writer> writers = new ArrayList<>();
    try {
      for (Arm arm : arms) {
        Writer writer = arm.open(server, metric);
        writers.add(writer);
        writer.write(before);
      }
      for (int turn = 0; turn < turns; turn++) {
        for (int i = 0; i < arms.size(); i++) {
          int next = (turn + i) % arms.size(); // another order each time
          Map<String, Object> one = new LinkedHashMap<>();
          one.put("round", turn);
          one.put("who", arms.get(next).who());
          one.put("in_flight", arms.get(next).inFlight());
          one.putAll(measure(writers.get(next)));
          found.add(one);
        }
      }
    } finally {
      writers.forEach(Writer::close);
    }
    return found;
  }

  private Map<String, Object> measure(Writer writer) throws Exception {
    OperatingSystemMXBean process =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long cpuBefore = process.getProcessCpuTime();
    long start = System.nanoTime();
    writer.write(runs);
    double seconds = (System.nanoTime() - start) / 1e9;
    return Map.of(
        "runs_per_second",
        runs / seconds,
        "cpu_ms_per_run",
        (process.getProcessCpuTime() - cpuBefore) / 1e6 / runs);
  }

  private Map<String, Object> count(Arm arm) throws Exception {
    Map<String, Integer> calls = new TreeMap<>();
    try (FaultProxy proxy = FaultProxy.inFrontOf(server);
        Writer writer = arm.open(proxy.uri(), metric)) {
      writer.write(before);
      int earlier = proxy.requests().size();
      writer.write(runs);
      for (FaultProxy.Request request :
          proxy.requests().subList(earlier, proxy.requests().size())) {
        calls.merge(request.path().replace(API, ""), 1, Integer::sum);
      }
    }
    double all = calls.values().stream().mapToInt(Integer::intValue).sum();
    return Map.of("runs", runs, "calls", calls, "calls_per_run", all / runs);
  }
}
