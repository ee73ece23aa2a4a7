// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** A {@link MemorySink} that takes windows too, each with faults of its own. */
final class MemoryWindowSink implements WindowSink {

  /** What happens before a step takes effect; may throw, block or do nothing. */
  interface Fault {
    void strike(RequestWindow window) throws SinkException, InterruptedException;
  }

  /** A window as it was written. */
  record Written(RequestWindow window, List<RequestEvent> events) {}

  private static final Fault NONE = window -> {};

  final MemorySink runs = new MemorySink();
  volatile Fault beforeCreate = NONE;
  volatile Fault afterCreate = NONE;
  volatile Fault beforeComplete = NONE;
  volatile Fault afterComplete = NONE;

  /** Throws at what is to have no place in a window. */
  volatile Consumer<RequestEvent> unfit = event -> {};

  private final List<Written> created = new ArrayList<>();
  private final Map<String, Written> windowOfRun = new LinkedHashMap<>();
  private final Map<String, String> runOfWindow = new HashMap<>();
  private final List<String> rewritten = new ArrayList<>();

  @Override
  public WindowDraft newWindow() {
    return new Draft();
  }

  private final class Draft implements WindowDraft {
    private final List<RequestEvent> events = new ArrayList<>();

    @Override
    public void add(RequestEvent event) {
      unfit.accept(event);
      events.add(event);
    }

    @Override
    public String create(RequestWindow window) throws SinkException, InterruptedException {
      beforeCreate.strike(window);
      String runId = created(window, events);
      afterCreate.strike(window);
      return runId;
    }

    @Override
    public void complete(String runId, RequestWindow window)
        throws SinkException, InterruptedException {
      beforeComplete.strike(window);
      completed(runId, window, events);
      afterComplete.strike(window);
    }
  }

  private synchronized String created(RequestWindow window, List<RequestEvent> events) {
    String runId = "window-" + created.size();
    created.add(new Written(window, List.copyOf(events)));
    runOfWindow.put(window.windowId(), runId);
    return runId;
  }

  private synchronized void completed(
      String runId, RequestWindow window, List<RequestEvent> events) {
    Written before = windowOfRun.put(runId, new Written(window, List.copyOf(events)));
    if (before != null && !ids(before.events()).equals(ids(events))) {
      rewritten.add(runId);
    }
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

  synchronized List<Written> created() {
    return List.copyOf(created);
  }

  synchronized List<Written> windows() {
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
