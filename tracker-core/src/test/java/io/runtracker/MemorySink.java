// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.sink.RunSink;
import io.runtracker.sink.SinkException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** A sink in memory that fails as a test tells it to, and remembers every run that it was given. */
class MemorySink implements RunSink {

  /** What happens before a step takes effect; may throw, block or do nothing. */
  interface Fault {
    void strike(RequestEvent event) throws SinkException, InterruptedException;
  }

  /** What happens before a look for a second run. */
  interface SweepFault {
    void run() throws SinkException;
  }

  /** What a flush does. */
  interface Flush {
    void run() throws SinkException, InterruptedException;
  }

  private static final Fault NONE = event -> {};

  final AtomicInteger createCalls = new AtomicInteger();
  volatile Fault beforeCreate = NONE;
  volatile Fault afterCreate = NONE;
  volatile Fault beforeComplete = NONE;
  volatile SweepFault beforeSweep = () -> {};
  volatile Flush flush = () -> {};
  volatile boolean closed;

  private final Map<String, String> runOfEvent = new HashMap<>();
  private final List<RequestEvent> created = new ArrayList<>();
  private final List<RequestEvent> late = new ArrayList<>();
  private final List<RequestEvent> completed = new ArrayList<>();

  @Override
  public String create(RequestEvent event) throws SinkException, InterruptedException {
    createCalls.incrementAndGet();
    beforeCreate.strike(event);
    String runId;
    synchronized (this) {
      runId = "run-" + created.size();
      created.add(event);
      runOfEvent.put(event.eventId(), runId);
    }
    afterCreate.strike(event);
    return runId;
  }

  @Override
  public void complete(String runId, RequestEvent event)
      throws SinkException, InterruptedException {
    beforeComplete.strike(event);
    synchronized (this) {
      completed.add(event);
    }
  }

  @Override
  public synchronized Optional<String> find(RequestEvent event) {
    return Optional.ofNullable(runOfEvent.get(event.eventId()));
  }

  @Override
  public void flush() throws SinkException, InterruptedException {
    flush.run();
  }

  /** A run that appears although its create was never answered. */
  synchronized void createLate(RequestEvent event) {
    late.add(event);
  }

  @Override
  public synchronized int removeDuplicates(String runId) throws SinkException {
    beforeSweep.run();
    int before = late.size();
    late.removeIf(run -> runId.equals(runOfEvent.get(run.eventId())));
    return before - late.size();
  }

  /** How many runs there are. */
  synchronized int runs() {
    return created.size() + late.size();
  }

  @Override
  public void close() {
    closed = true;
  }

  synchronized List<RequestEvent> created() {
    return List.copyOf(created);
  }

  synchronized List<RequestEvent> completed() {
    return List.copyOf(completed);
  }

  synchronized RequestEvent only() {
    if (completed.size() != 1) {
      throw new AssertionError("expected one run, but there are " + completed);
    }
    return completed.get(0);
  }
}
