// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.capture;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.runtracker.benchmarks.capture.Subject.Ending;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * Requests at a fixed rate over some threads, and how long each held its thread. That is the time
 * of the call: how late the thread woke up is the machine's doing. What the machine adds to the
 * call itself, by taking the CPU away in the middle, is what {@code nobody} shows.
 *
 * <p>Arguments: client, {@code platform|virtual}, threads, requests per second in all, seconds of
 * warm-up, seconds. Prints one line of JSON, in nanoseconds.
 */
final class PacedLoad {

  private static final long HIGHEST_NANOS = TimeUnit.SECONDS.toNanos(60);
  private static final double[] PERCENTILES = {50, 90, 99, 99.9, 99.99};

  private final Subject subject;
  private final int threads;
  private final long intervalNanos;

  private PacedLoad(Subject subject, int threads, double rate) {
    this.subject = subject;
    this.threads = threads;
    this.intervalNanos = (long) (threads * 1e9 / rate);
  }

  public static void main(String[] args) throws Throwable {
    int threads = Integer.parseInt(args[2]);
    ExecutorService workers =
        args[1].equals("virtual") ? virtualThreads() : Executors.newFixedThreadPool(threads);
    try (Subject subject = Subjects.start(args[0], Ending.WELL)) {
      PacedLoad load = new PacedLoad(subject, threads, Double.parseDouble(args[3]));
      Histogram warmUp = load.run(workers, Double.parseDouble(args[4]));
      Histogram measured = load.run(workers, Double.parseDouble(args[5]));
      long sent = warmUp.getTotalCount() + measured.getTotalCount();
      System.out.println(load.report(measured, Math.max(0, sent - load.awaitConsumed(sent))));
    }
    workers.shutdownNow();
  }

  private Histogram run(ExecutorService workers, double seconds) throws Exception {
    long start = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(50);
    long end = start + (long) (seconds * 1e9);
    List<Callable<Histogram>> paces = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      long first = start + intervalNanos * i / threads;
      paces.add(() -> pace(first, end));
    }
    Histogram all = new Histogram(HIGHEST_NANOS, 3);
    for (Future<Histogram> done : workers.invokeAll(paces)) {
      all.add(done.get());
    }
    return all;
  }

  private Histogram pace(long first, long end) {
    Histogram nanos = new Histogram(HIGHEST_NANOS, 3);
    for (long due = first; due - end < 0; due += intervalNanos) {
      for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
      long before = System.nanoTime();
      subject.request();
      nanos.recordValue(Math.min(System.nanoTime() - before, HIGHEST_NANOS));
    }
    return nanos;
  }

  /** How many have come out, once no more do. */
  private long awaitConsumed(long sent) throws InterruptedException {
    long seen = -1;
    for (long now = subject.consumed(); now < sent && now > seen; now = subject.consumed()) {
      seen = now;
      subject.flush();
      TimeUnit.SECONDS.sleep(2);
    }
    return subject.consumed();
  }

  private String report(Histogram nanos, long dropped) throws Exception {
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("requests", nanos.getTotalCount());
    result.put("dropped", dropped);
    for (double percentile : PERCENTILES) {
      result.put("p" + percentile, nanos.getValueAtPercentile(percentile));
    }
    result.put("max", nanos.getMaxValue());
    return new ObjectMapper().writeValueAsString(result);
  }

  /** By name, because this is compiled for Java 17. */
  private static ExecutorService virtualThreads() throws Throwable {
    return (ExecutorService)
        MethodHandles.publicLookup()
            .findStatic(
                Executors.class,
                "newVirtualThreadPerTaskExecutor",
                MethodType.methodType(ExecutorService.class))
            .invoke();
  }
}
