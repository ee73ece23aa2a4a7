// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.sink.EncodedEvent;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.WindowDraft;
import io.runtracker.sink.WindowSink;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** A {@link MemorySink} that takes windows too, each with faults of its own. */
class MemoryWindowSink implements WindowSink {

  /** What happens before a step takes effect; may throw, block or do nothing. */
  interface Fault {
    void strike(RequestWindow window) throws SinkException, InterruptedException;
  }

  /** As {@link Fault}, by the requests, be they of a window or one of a run of its own. */
  interface ContentFault {
    void strike(List<RequestEvent> events) throws SinkException, InterruptedException;
  }

  /** As {@link Fault}, whatever is in the window. */
  interface StepFault {
    void strike() throws SinkException, InterruptedException;
  }

  /** A window as it was written. */
  record Written(RequestWindow window, List<RequestEvent> events) {}

  private static final Fault NONE = window -> {};

  final MemorySink runs = new MemorySink();
  volatile Fault beforeCreate = NONE;
  volatile Fault afterCreate = NONE;
  volatile Fault beforeComplete = NONE;
  volatile Fault afterComplete = NONE;

  volatile ContentFault creating = events -> {};
  volatile ContentFault completing = events -> {};
  volatile StepFault lookingUp = () -> {};
  volatile StepFault discarding = () -> {};
  volatile StepFault askedWhatIsComplete = () -> {};

  /** Not every sink can. */
  volatile boolean tellsWhatIsComplete;

  /** Throws at what is to have no place in a window. */
  volatile Consumer<RequestEvent> unfit = event -> {};

  /** A window with such a request in it is refused when its requests are written. */
  volatile Predicate<RequestEvent> refused = event -> false;

  /** On a window with such a request in it, the server fails. */
  volatile Predicate<RequestEvent> failing = event -> false;

  private final List<WeakReference<Draft>> drafts = new ArrayList<>();
  private final List<Written> created = new ArrayList<>();
  private final Map<String, Written> windowOfRun = new LinkedHashMap<>();
  private final Map<String, String> runOfWindow = new HashMap<>();
  private final List<String> rewritten = new ArrayList<>();
  private final Set<String> discarded = new HashSet<>();

  @Override
  public synchronized WindowDraft newWindow() {
    Draft draft = new Draft();
    drafts.add(new WeakReference<>(draft));
    return draft;
  }

  /** How many windows somebody holds in memory; collects garbage to know it. */
  synchronized int draftsHeld() {
    System.gc();
    drafts.removeIf(draft -> draft.get() == null);
    return drafts.size();
  }

  private final class Draft implements WindowDraft {
    private final List<RequestEvent> events = new ArrayList<>();

    @Override
    public void add(EncodedEvent encoded) {
      RequestEvent event = Encoded.decode(encoded);
      unfit.accept(event);
      events.add(event);
    }

    @Override
    public String create(RequestWindow window) throws SinkException, InterruptedException {
      beforeCreate.strike(window);
      creating.strike(events);
      String runId = created(window, events);
      afterCreate.strike(window);
      return runId;
    }

    @Override
    public void complete(String runId, RequestWindow window)
        throws SinkException, InterruptedException {
      beforeComplete.strike(window);
      completing.strike(events);
      if (events.stream().anyMatch(refused)) {
        throw new SinkException(SinkException.Kind.REFUSED, "one of them is refused", null);
      }
      if (events.stream().anyMatch(failing)) {
        throw new SinkException(SinkException.Kind.FAILED, "it fails on one of them", null);
      }
      completed(runId, window, events);
      afterComplete.strike(window);
    }
  }

  @Override
  public void discard(String runId) throws SinkException, InterruptedException {
    discarding.strike();
    synchronized (this) {
      discarded.add(runId);
    }
  }

  @Override
  public boolean isComplete(String runId) throws SinkException, InterruptedException {
    askedWhatIsComplete.strike();
    synchronized (this) {
      return tellsWhatIsComplete && windowOfRun.containsKey(runId);
    }
  }

  /** Runs that were taken back. */
  synchronized Set<String> discarded() {
    return Set.copyOf(discarded);
  }

  private synchronized String created(RequestWindow window, List<RequestEvent> events) {
    String runId = "window-" + created.size();
    created.add(new Written(window, List.copyOf(events)));
    runOfWindow.put(window.windowId(), runId);
    return runId;
  }

  private synchronized void completed(String runId, RequestWindow window, List<RequestEvent> events)
      throws SinkException {
    if (discarded.contains(runId)) {
      throw new SinkException(SinkException.Kind.REFUSED, "a deleted run takes nothing", null);
    }
    Written before = windowOfRun.put(runId, new Written(window, List.copyOf(events)));
    if (before != null && !ids(before.events()).equals(ids(events))) {
      rewritten.add(runId);
    }
  }

  @Override
  public Optional<String> find(RequestWindow window) throws SinkException, InterruptedException {
    lookingUp.strike();
    synchronized (this) {
      return Optional.ofNullable(runOfWindow.get(window.windowId()));
    }
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

  /** Those that were completed, and not taken back. */
  synchronized List<Written> windows() {
    return windowOfRun.entrySet().stream()
        .filter(run -> !discarded.contains(run.getKey()))
        .map(Map.Entry::getValue)
        .toList();
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
    creating.strike(List.of(event));
    return runs.create(event);
  }

  @Override
  public void complete(String runId, RequestEvent event)
      throws SinkException, InterruptedException {
    completing.strike(List.of(event));
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
