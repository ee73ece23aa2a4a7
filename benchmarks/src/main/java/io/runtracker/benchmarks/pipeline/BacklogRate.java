// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.pipeline;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.runtracker.Ledger;
import io.runtracker.TrackAs;
import io.runtracker.Tracker;
import io.runtracker.WhenFull;
import io.runtracker.benchmarks.pipeline.TrackerSubject.Setup;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Fills a spool while the server refuses everything, then has it read back: how fast, and what of
 * the heap that takes. Prints one line of JSON.
 *
 * <p>Arguments are {@code name=value}: {@code server}, a {@link StubServer}; {@code spool}, a
 * directory that is not there yet; {@code shape}; {@code events}; {@code before}, how many events a
 * backlog has that is filled and read back to warm up.
 */
final class BacklogRate {

  /** Parts of the backlog after which the heap is looked at. */
  private static final double[] LOOKS = {0.1, 0.3, 0.5, 0.7, 0.9};

  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final int LOOK_MILLIS = 20;

  private final Options options;
  private final Stub stub;
  private final Costs costs = new Costs();

  private BacklogRate(Options options) {
    this.options = options;
    this.stub = new Stub(options.text("server"));
  }

  public static void main(String[] args) throws Exception {
    BacklogRate rate = new BacklogRate(new Options(args));
    System.out.println(new ObjectMapper().writeValueAsString(rate.measure()));
    System.out.flush();
  }

  private Map<String, Object> measure() throws Exception {
    costs.begin();
    Path spool = Path.of(options.text("spool"));
    run(spool.resolveSibling(spool.getFileName() + "-before"), (long) options.number("before", 0));
    return run(spool, (long) options.number("events", 0));
  }

  private Map<String, Object> run(Path spool, long events) throws Exception {
    Map<String, Object> result = new LinkedHashMap<>();
    Setup setup = new Setup(TrackAs.WINDOW, spool, 0, WhenFull.BLOCK, true);
    result.put("events", events);
    result.putAll(fill(setup, events));
    result.put("spool_bytes", size(spool));
    var before = stub.counts();
    stub.refuse(false);
    result.putAll(readBack(setup, events));
    result.put("recorded", PipelineCost.between(before, stub.counts()));
    return result;
  }

  private Map<String, Object> fill(Setup setup, long events) throws Exception {
    TrackerSubject subject = new TrackerSubject(setup, stub);
    Pace pace = new Pace(subject, Shape.of(options.text("shape")).samples(), 0, events);
    long startNanos = System.nanoTime();
    pace.begin().join();
    double seconds = secondsSince(startNanos);
    subject.abandon();
    return Map.of("fill_seconds", seconds);
  }

  private Map<String, Object> readBack(Setup setup, long events) throws Exception {
    Map<String, Object> found = new LinkedHashMap<>();
    List<Map<String, Object>> looks = new ArrayList<>();
    Map<String, Map<String, Long>> costsBefore = costs.soFar();
    long[] collectorBefore = PipelineCost.collector();
    long startNanos = System.nanoTime();
    double looking = 0;
    try (Tracker tracker = TrackerSubject.open(setup, stub)) {
      found.put("open_seconds", secondsSince(startNanos));
      // From the beginning, or the last window would be closed by its age.
      Thread flush = new Thread(() -> tracker.flush(PATIENCE), "benchmark-flush");
      flush.start();
      while (looks.size() < LOOKS.length) {
        if (tracker.stats().ledger().delivered() >= LOOKS[looks.size()] * events) {
          long beforeNanos = System.nanoTime();
          looks.add(look(tracker, LOOKS[looks.size()]));
          looking += secondsSince(beforeNanos); // nothing is read meanwhile
        } else {
          TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
      }
      flush.join();
      found.put("read_seconds", secondsSince(startNanos) - looking);
      Ledger ledger = tracker.stats().ledger();
      found.put("delivered", ledger.delivered());
      found.put("dropped", ledger.dropped());
    }
    found.put("stages", Costs.between(costsBefore, costs.soFar()));
    found.put("collections_ms", PipelineCost.collector()[1] - collectorBefore[1]);
    found.put("heap", looks);
    return found;
  }

  private static Map<String, Object> look(Tracker tracker, double part) {
    System.gc();
    Map<String, Object> look = new LinkedHashMap<>();
    look.put("part", part);
    look.put("delivered", tracker.stats().ledger().delivered());
    look.put("old_bytes", oldBytes());
    return look;
  }

  /**
   * Of the old generation, right after a full collection; of the whole heap where there is none.
   */
  private static long oldBytes() {
    for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
      if (pool.getName().contains("Old Gen")) {
        return pool.getUsage().getUsed();
      }
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static long size(Path spool) throws IOException {
    try (Stream<Path> files = Files.walk(spool)) {
      return files.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum();
    }
  }

  private static double secondsSince(long startNanos) {
    return (System.nanoTime() - startNanos) / 1e9;
  }
}
