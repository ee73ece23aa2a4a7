// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.management.CompilationMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/**
 * One subject, told of requests of one shape at some rates, one after the other; what its threads
 * cost meanwhile, and whether all was recorded. Prints one line of JSON.
 *
 * <p>Arguments are {@code name=value}: {@code subject} ({@code tracker|opentelemetry|logback}),
 * {@code server}, a {@link StubServer}; {@code shape}; {@code rates}, requests a second, 0 for as
 * many as there can be; {@code warm-up}, {@code settle}, {@code seconds}, {@code idle}, in seconds;
 * for a tracker those of its {@link TrackerSubject.Setup}, for Logback a {@code file}.
 */
final class PipelineCost {

  /** The warm-up has windows this small: each takes all calls, which are seldom else. */
  private static final int WARM_UP_ROWS = 100;

  private static final double WARM_UP_RATE = 20_000;

  /** Longer, and a spool takes gigabytes. */
  private static final double UNBOUNDED_SECONDS = 5;

  private final Options options;
  private final Stub stub;
  private final List<Sample> samples;
  private final Costs costs = new Costs();
  private final Map<String, Object> result = new LinkedHashMap<>();

  private PipelineCost(Options options) {
    this.options = options;
    this.stub = new Stub(options.text("server"));
    this.samples = Shape.of(options.text("shape")).samples();
  }

  public static void main(String[] args) throws Exception {
    PipelineCost cost = new PipelineCost(new Options(args));
    cost.measure();
    System.out.println(new ObjectMapper().writeValueAsString(cost.result));
  }

  private void measure() throws Exception {
    costs.begin();
    warmUp();
    JsonNode before = stub.counts();
    Subject subject = subject(false);
    List<Map<String, Object>> measured = new ArrayList<>();
    long made = 0;
    result.put("measured_from_millis", System.currentTimeMillis());
    for (double rate : options.numbers("rates")) {
      Pace pace = new Pace(subject, samples, rate, Long.MAX_VALUE);
      measured.add(rate == 0 ? measureUnbounded(subject, pace) : measurePaced(subject, pace));
      measured.get(measured.size() - 1).put("rate", rate);
      pace.stop();
      made += pace.made();
      subject.flush();
    }
    result.put("measured", measured);
    result.put("made", made);
    idle();
    result.put("end", subject.finish());
    result.put("recorded", between(before, stub.counts()));
  }

  private Subject subject(boolean warmsUp) throws Exception {
    return switch (options.text("subject")) {
      case "tracker" -> {
        TrackerSubject.Setup setup = TrackerSubject.Setup.of(options);
        yield new TrackerSubject(warmsUp ? setup.warmUp(WARM_UP_ROWS) : setup, stub);
      }
      case "opentelemetry" -> new SpanSubject(stub);
      case "logback" -> new LogSubject(Path.of(options.text("file")));
      default -> throw new IllegalArgumentException(options.text("subject"));
    };
  }

  private void warmUp() throws Exception {
    Subject subject = subject(true);
    Pace pace = new Pace(subject, samples, WARM_UP_RATE, Long.MAX_VALUE).begin();
    sleep(options.number("warm-up", 0));
    pace.stop();
    subject.finish();
    awaitCompiler();
  }

  private void awaitCompiler() throws InterruptedException {
    CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
    long spent = -1;
    int most = (int) options.number("warm-up", 0);
    for (int i = 0; i < most && compiler.getTotalCompilationTime() != spent; i++) {
      spent = compiler.getTotalCompilationTime();
      Thread.sleep(1_000);
    }
  }

  private Map<String, Object> measurePaced(Subject subject, Pace pace) throws Exception {
    pace.begin();
    sleep(options.number("settle", 0));
    return measure(pace, () -> Map.of("seen", watch(subject, options.number("seconds", 1))));
  }

  /** Until nothing waits any more: what a request costs later is part of its cost. */
  private Map<String, Object> measureUnbounded(Subject subject, Pace pace) throws Exception {
    double seconds = Math.min(UNBOUNDED_SECONDS, options.number("seconds", 1));
    return measure(
        pace,
        () -> {
          pace.begin();
          List<Map<String, Object>> seen = watch(subject, seconds);
          pace.stop();
          subject.flush();
          return Map.of("seen", seen, "made_seconds", seconds);
        });
  }

  private Map<String, Object> measure(Pace pace, Callable<Map<String, Object>> meanwhile)
      throws Exception {
    Map<String, Object> one = new LinkedHashMap<>();
    JsonNode stubBefore = stub.counts();
    long[] collectorBefore = collector();
    Map<String, Map<String, Long>> costsBefore = costs.soFar();
    long startNanos = System.nanoTime();
    long before = pace.made();
    one.putAll(meanwhile.call());
    one.put("requests", pace.made() - before);
    one.put("seconds", (System.nanoTime() - startNanos) / 1e9);
    one.put("stages", Costs.between(costsBefore, costs.soFar()));
    long[] collectorAfter = collector();
    one.put("collections", collectorAfter[0] - collectorBefore[0]);
    one.put("collections_ms", collectorAfter[1] - collectorBefore[1]);
    one.put("stub", between(stubBefore, stub.counts()));
    return one;
  }

  /** Some looks at what the subject says of itself, evenly over the time. */
  private static List<Map<String, Object>> watch(Subject subject, double seconds)
      throws InterruptedException {
    int looks = (int) Math.max(1, Math.min(60, seconds / 2));
    List<Map<String, Object>> seen = new ArrayList<>();
    for (int i = 0; i < looks; i++) {
      sleep(seconds / looks);
      seen.add(subject.facts());
    }
    return seen;
  }

  private void idle() throws InterruptedException {
    double seconds = options.number("idle", 0);
    if (seconds > 0) {
      sleep(options.number("idle-settle", 12)); // senders and HTTP threads that nobody needs end
      Map<String, Map<String, Long>> before = costs.soFar();
      long startNanos = System.nanoTime();
      sleep(seconds);
      result.put("idle", Costs.between(before, costs.soFar()));
      result.put("idle_seconds", (System.nanoTime() - startNanos) / 1e9);
    }
  }

  /** How often it collected, and for how many milliseconds. */
  static long[] collector() {
    long[] sum = new long[2];
    for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
      sum[0] += collector.getCollectionCount();
      sum[1] += collector.getCollectionTime();
    }
    return sum;
  }

  /** What was added to the stub's counts. */
  static Map<String, Long> between(JsonNode before, JsonNode after) throws IOException {
    Map<String, Long> added = new LinkedHashMap<>();
    after
        .fieldNames()
        .forEachRemaining(
            name -> added.put(name, after.get(name).asLong() - before.get(name).asLong()));
    return added;
  }

  private static void sleep(double seconds) throws InterruptedException {
    TimeUnit.NANOSECONDS.sleep((long) (seconds * 1e9));
  }
}
