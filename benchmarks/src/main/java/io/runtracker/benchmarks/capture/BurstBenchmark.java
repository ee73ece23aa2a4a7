// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.capture;

import io.runtracker.benchmarks.capture.Subject.Ending;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.BenchmarkParams;

/**
 * Drained bursts: all threads publish at once, then wait, untimed, until everything has come out at
 * the other end. Nobody's buffer is ever full, and what is timed is the request's thread alone.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class BurstBenchmark {

  static final int BURST = 512;

  /** Starts the client that is measured; all threads use the same. */
  @State(Scope.Benchmark)
  public static class Client {
    /** The client's name. */
    @Param({"runtracker", "zipkin", "opentelemetry", "logstash", "log4j"})
    public String subject = "";

    Subject started = new NobodySubject();
    Rounds rounds = new Rounds(started, 1);

    /** One JVM, one client. */
    @Setup(Level.Trial)
    public void start(BenchmarkParams params) {
      started = Subjects.start(subject, Ending.WELL);
      rounds = new Rounds(started, params.getThreads());
    }

    /** A barrier that was left broken at an iteration's end is of no use to the next. */
    @Setup(Level.Iteration)
    public void mend() {
      rounds.mend();
    }

    /** Ends the client's threads. */
    @TearDown(Level.Trial)
    public void stop() {
      started.close();
    }
  }

  /**
   * What a thread publishes, and what JMH sums over the threads of an iteration beside the time.
   */
  @AuxCounters(AuxCounters.Type.EVENTS)
  @State(Scope.Thread)
  public static class Burst {
    /** Published. */
    public long events;

    /** Lost; an iteration with any is thrown away. */
    public long dropped;

    /** On the request's thread, in bytes; 0 where the JVM does not count (virtual threads). */
    public long allocatedBytes;

    /** CPU time of the client's own threads, in nanoseconds. */
    public long ownCpuNanos;

    Object[] prepared = {};
    private long allocatedBefore;

    /** Where the whole request is measured, what was prepared would stay open for ever. */
    @Setup(Level.Trial)
    public void choose(BenchmarkParams params) {
      if (params.getBenchmark().endsWith(".publish")) {
        prepared = new Object[BURST];
      }
    }

    /** Untimed: the wait for all others, then the events, fresh as in a request. */
    @Setup(Level.Invocation)
    public void prepare(Client client) {
      client.rounds.begin();
      for (int i = 0; i < prepared.length; i++) {
        prepared[i] = client.started.prepare();
      }
      allocatedBefore = ThreadCosts.allocatedBytes();
    }

    /** Untimed: what the burst cost. */
    @TearDown(Level.Invocation)
    public void count(Client client) {
      allocatedBytes += ThreadCosts.allocatedBytes() - allocatedBefore;
      events += BURST;
      client.rounds.published(BURST);
    }

    /** What came out, and what did not. */
    @TearDown(Level.Iteration)
    public void settle(Client client) {
      Rounds.Settled settled = client.rounds.end();
      dropped += settled.dropped();
      ownCpuNanos += settled.cpuNanos();
    }
  }

  /** From the request's begin to the event's publication. */
  @Benchmark
  @OperationsPerInvocation(BURST)
  public void request(Client client, Burst burst) {
    Subject subject = client.started;
    for (int i = 0; i < BURST; i++) {
      subject.request();
    }
  }

  /** The publication alone, of events that are there already. */
  @Benchmark
  @OperationsPerInvocation(BURST)
  public void publish(Client client, Burst burst) {
    Subject subject = client.started;
    for (Object prepared : burst.prepared) {
      subject.publish(prepared);
    }
  }
}
