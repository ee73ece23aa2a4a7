// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.capture;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Requests without a pause on a client whose buffer is full, or whose server is dead. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Benchmark)
public class OverloadBenchmark {

  /** The client's name. */
  @Param({"runtracker", "zipkin", "opentelemetry", "logstash", "log4j"})
  public String subject = "";

  /** What is wrong with it. */
  @Param({"STUCK", "DEAD"})
  public String ending = "";

  private Subject started = new NobodySubject();

  /** More events than it has room for, so that what follows is no longer the beginning. */
  @Setup(Level.Trial)
  public void start() {
    started = Subjects.start(subject, Subject.Ending.valueOf(ending));
    for (int i = 0; i < 4 * Subject.CAPACITY; i++) {
      started.request();
    }
  }

  /** Ends the client's threads. */
  @TearDown(Level.Trial)
  public void stop() {
    started.close();
  }

  /** From the request's begin to the event's publication, or its loss. */
  @Benchmark
  public void request() {
    started.request();
  }
}
