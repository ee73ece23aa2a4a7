// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import io.runtracker.RequestEvent;
import io.runtracker.sink.EncodedEvent;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.WindowDraft;
import io.runtracker.sink.WindowSink;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** The least that a sink of windows has to do: so little that it shows what the contract asks. */
class SmallestWindowSinkTest extends WindowSinkContract {

  private final Map<String, List<String>> rows = new ConcurrentHashMap<>();
  private final Map<String, String> eventOfRun = new ConcurrentHashMap<>();
  private final AtomicInteger lastRun = new AtomicInteger();

  @Override
  protected WindowSink newSink() {
    return new Smallest();
  }

  @Override
  protected List<String> runsOf(String eventId) {
    return eventOfRun.entrySet().stream()
        .filter(run -> run.getValue().equals(eventId))
        .map(Map.Entry::getKey)
        .toList();
  }

  @Override
  protected List<String> rowsOf(String runId) {
    return rows.getOrDefault(runId, List.of());
  }

  private String create(String eventId) {
    String run = "run-" + lastRun.incrementAndGet();
    eventOfRun.put(run, eventId);
    return run;
  }

  private final class Smallest implements WindowSink {
    @Override
    public String create(RequestEvent event) {
      return SmallestWindowSinkTest.this.create(event.eventId());
    }

    @Override
    public void complete(String runId, RequestEvent event) {}

    @Override
    public Optional<String> find(RequestEvent event) {
      return runsOf(event.eventId()).stream().findFirst();
    }

    @Override
    public Optional<String> find(RequestWindow window) {
      return runsOf(window.windowId()).stream().findFirst();
    }

    @Override
    public int removeDuplicates(String runId) {
      String event = eventOfRun.get(runId);
      int before = eventOfRun.size();
      eventOfRun
          .entrySet()
          .removeIf(run -> run.getValue().equals(event) && !run.getKey().equals(runId));
      return before - eventOfRun.size();
    }

    @Override
    public void discard(String runId) {
      eventOfRun.remove(runId);
    }

    @Override
    public WindowDraft newWindow() {
      return new Draft();
    }

    @Override
    public void close() {}

    @Override
    public String toString() {
      return "memory";
    }
  }

  private final class Draft implements WindowDraft {
    private final List<String> added = new ArrayList<>();

    @Override
    public void add(EncodedEvent event) throws IOException {
      added.add(event.decode().eventId());
    }

    @Override
    public String create(RequestWindow window) {
      return SmallestWindowSinkTest.this.create(window.windowId());
    }

    @Override
    public void complete(String runId, RequestWindow window) {
      rows.put(runId, List.copyOf(added));
    }
  }
}
