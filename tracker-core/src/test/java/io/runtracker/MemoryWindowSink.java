// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** A {@link MemorySink} that takes windows too, each with faults of its own. */
final class MemoryWindowSink implements WindowSink {

  /** What happens before a step takes effect; may throw, block or do nothing. */
  interface Fault {
    void strike(RequestWindow window) throws SinkException, InterruptedException;
  }

  private static final Fault NONE = window -> {};

  final MemorySink runs = new MemorySink();
  volatile Fault beforeCreate = NONE;
  volatile Fault afterCreate = NONE;
  volatile Fault beforeComplete = NONE;
  volatile Fault afterComplete = NONE;

  private final List<RequestWindow> created = new ArrayList<>();
  private final Map<String, RequestWindow> windowOfRun = new LinkedHashMap<>();
  private final Map<String, String> runOfWindow = new HashMap<>();
  private final List<String> rewritten = new ArrayList<>();

  @Override
  public String create(RequestWindow window) throws SinkException, InterruptedException {
    beforeCreate.strike(window);
    String runId;
    synchronized (this) {
      runId = "window-" + created.size();
      created.add(window);
      runOfWindow.put(window.windowId(), runId);
    }
    afterCreate.strike(window);
    return runId;
  }

  @Override
  public void complete(String runId, RequestWindow window)
      throws SinkException, InterruptedException {
    beforeComplete.strike(window);
    synchronized (this) {
      RequestWindow before = windowOfRun.put(runId, window);
      if (before != null && !ids(before.events()).equals(ids(window.events()))) {
        rewritten.add(runId);
      }
    }
    afterComplete.strike(window);
  }

  @Override
  public synchronized Optional<String> find(RequestWindow window) {
    return Optional.ofNullable(runOfWindow.get(window.windowId()));
  }

  void isWellAgain() {
    beforeCreate = NONE;
    afterCreate = NONE;
    beforeComplete = NONE;
    afterComplete = NONE;
  }

  synchronized List<RequestWindow> created() {
    return List.copyOf(created);
  }

  synchronized List<RequestWindow> windows() {
    return List.copyOf(windowOfRun.values());
  }

  /** Runs that were completed once more with other requests in them. */
  synchronized List<String> rewritten() {
    return List.copyOf(rewritten);
  }

  /** The requests in windows, by their ids. */
  List<String> inWindows() {
    return windows().stream().flatMap(window -> ids(window.events()).stream()).toList();
  }

  /** All requests that were written, as runs or in windows, by their ids. */
  List<String> written() {
    return Stream.concat(inWindows().stream(), ids(runs.completed()).stream()).toList();
  }

  static List<String> ids(List<RequestEvent> events) {
    return events.stream().map(RequestEvent::eventId).toList();
  }

  @Override
  public String create(RequestEvent event) throws SinkException, InterruptedException {
    return runs.create(event);
  }

  @Override
  public void complete(String runId, RequestEvent event)
      throws SinkException, InterruptedException {
    runs.complete(runId, event);
  }

  @Override
  public Optional<String> find(RequestEvent event) {
    return runs.find(event);
  }

  @Override
  public void close() {
    runs.close();
  }
}
