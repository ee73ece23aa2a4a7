// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import static org.awaitility.Awaitility.await;

import io.runtracker.RequestEvent;
import io.runtracker.sink.RunSink;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * A sink that keeps the events in the order delivered until a test takes them. It is strict: what
 * no test took is a failure, because a second run for a request is as wrong as none; and so is a
 * run that is completed though nobody created it, or with another event.
 *
 * <p>Waits end as soon as the event is there, and give up after {@link #PATIENCE}.
 */
public final class RecordingSink implements RunSink {

  /** How long a test waits before it calls an event missing; generous, for slow machines. */
  public static final Duration PATIENCE = Duration.ofSeconds(20);

  private final BlockingQueue<RequestEvent> completed = new LinkedBlockingQueue<>();
  private final Map<String, String> eventOfRun = new LinkedHashMap<>();
  private final Set<String> completedRuns = new HashSet<>();
  private int lastRun;

  @Override
  public synchronized String create(RequestEvent event) {
    String run = "run-" + ++lastRun;
    eventOfRun.put(run, event.eventId());
    return run;
  }

  @Override
  public synchronized void complete(String runId, RequestEvent event) {
    if (!event.eventId().equals(eventOfRun.get(runId))) {
      throw new IllegalStateException(
          runId + " is completed with " + event + ", and was created for " + eventOfRun.get(runId));
    }
    if (completedRuns.add(runId)) {
      completed.add(event);
    }
  }

  @Override
  public Optional<String> find(RequestEvent event) {
    return runsOf(event.eventId()).stream().findFirst();
  }

  @Override
  public synchronized int removeDuplicates(String runId) {
    int before = eventOfRun.size();
    String event = eventOfRun.get(runId);
    eventOfRun.entrySet().removeIf(e -> e.getValue().equals(event) && !e.getKey().equals(runId));
    return before - eventOfRun.size();
  }

  /** The runs of an event, in the order created. */
  public synchronized List<String> runsOf(String eventId) {
    return eventOfRun.entrySet().stream()
        .filter(run -> run.getValue().equals(eventId))
        .map(Map.Entry::getKey)
        .toList();
  }

  @Override
  public void close() {}

  /** Waits for the next event and takes it. */
  public RequestEvent takeNext() {
    return takeNext(1).get(0);
  }

  /** Waits for so many events and takes them, in the order delivered. */
  public List<RequestEvent> takeNext(int count) {
    await(count + " event(s)").atMost(PATIENCE).until(() -> completed.size() >= count);
    List<RequestEvent> taken = new ArrayList<>(count);
    completed.drainTo(taken, count);
    return taken;
  }

  /** Takes what is there now, without waiting. */
  public List<RequestEvent> takeAll() {
    List<RequestEvent> taken = new ArrayList<>();
    completed.drainTo(taken);
    return taken;
  }

  /** Fails when an event is there that no test took. Flush the tracker before asking. */
  public void assertNothingLeft() {
    List<RequestEvent> left = takeAll();
    if (!left.isEmpty()) {
      throw new AssertionError("Events that no test asked for: " + left);
    }
  }
}
