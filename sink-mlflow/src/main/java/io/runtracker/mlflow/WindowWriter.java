// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.mlflow.api.proto.Service;

/** Writes the runs of windows, and each window's part of the run of its day. */
final class WindowWriter {

  private final MlflowSettings settings;
  private final RunStore store;
  private final Artifacts artifacts;
  private final ServerNames names;
  private final DayRuns days;

  /** Runs under way that were created while there was no day to nest them under. */
  private final Set<String> orphans = ConcurrentHashMap.newKeySet();

  WindowWriter(MlflowSettings settings, RunStore store, Artifacts artifacts, ServerNames names) {
    this.settings = settings;
    this.store = store;
    this.artifacts = artifacts;
    this.names = names;
    this.days = new DayRuns(settings, store, names);
  }

  String create(RequestWindow window, WindowNumbers numbers)
      throws SinkException, InterruptedException {
    String parent = parent(window);
    Service.RunInfo run =
        names.write(
            naming ->
                create(new WindowContent(window, numbers.failures(), settings, naming), parent));
    String runId = run.getRunId();
    artifacts.remember(runId, run.getArtifactUri());
    if (parent == null) {
      orphans.add(runId);
    }
    return runId;
  }

  private Service.RunInfo create(WindowContent content, @Nullable String parent)
      throws SinkException, InterruptedException {
    List<Service.RunTag> tags = new ArrayList<>(parentTag(parent));
    tags.addAll(content.tags());
    return store.create(content.name(), content.startMillis(), tags);
  }

  /** The run that was configured, else the day's; none when there is no having that. */
  private @Nullable String parent(RequestWindow window) throws InterruptedException {
    String configured = settings.parentRun();
    return configured != null ? configured : days.runId(window);
  }

  private static List<Service.RunTag> parentTag(@Nullable String parent) {
    return parent == null ? List.of() : List.of(Tags.tag(RunContent.PARENT_RUN, parent));
  }

  /**
   * Requests that are not in the file are nowhere in MLflow. Where it is not stored, and no smaller
   * window will be, the run says so and has its metrics, before the reason is thrown.
   */
  void complete(String runId, RequestWindow window, RequestLines lines, WindowNumbers numbers)
      throws SinkException, InterruptedException {
    SinkException missing = null;
    Map<String, String> faults = new LinkedHashMap<>();
    try {
      storeLines(runId, window, lines, faults);
      storeHighlights(runId, Highlights.body(lines, numbers), faults);
    } catch (SinkException e) {
      if (!isFinal(e, window)) {
        throw e;
      }
      missing = e;
      noTable(faults, e);
    }
    write(runId, window, numbers, faults);
    if (missing != null) {
      throw new SinkException(
          missing.kind(),
          window.size()
              + " requests are not in MLflow, only their metrics are, because the server does not"
              + " take their file: "
              + missing.getMessage(),
          missing);
    }
  }

  /** A window that may be halved is; its halves have runs of their own. */
  private static boolean isFinal(SinkException e, RequestWindow window) {
    return e.kind() == Kind.UNSUPPORTED
        || (window.size() == 1 && (e.kind() == Kind.TOO_LARGE || e.kind() == Kind.REFUSED));
  }

  /**
   * A request that is too large alone is stored with its long texts cut, as they are in a run of
   * its own.
   *
   * @param faults is given the tags that say so
   */
  private void storeLines(
      String runId, RequestWindow window, RequestLines lines, Map<String, String> faults)
      throws SinkException, InterruptedException {
    try {
      artifacts.storeFile(runId, RequestLines.FILE, lines.body(), Artifacts.TEXT);
    } catch (SinkException e) {
      if (e.kind() != Kind.TOO_LARGE || window.size() > 1 || lines.rows() != 1) {
        throw e;
      }
      artifacts.storeFile(runId, RequestLines.FILE, ShortRow.body(lines), Artifacts.TEXT);
      faults.put(RunContent.ARTIFACT_ERROR, "long texts are cut, because " + e.getMessage());
    }
  }

  /**
   * The window is whole without them.
   *
   * @param faults is given the tags that say so where the server will never take them
   */
  private void storeHighlights(String runId, RequestBody table, Map<String, String> faults)
      throws SinkException, InterruptedException {
    try {
      artifacts.storeFile(runId, Highlights.FILE, table, Artifacts.JSON);
    } catch (SinkException e) {
      switch (e.kind()) {
        case UNSUPPORTED, TOO_LARGE, REFUSED -> noTable(faults, e);
        default -> throw e;
      }
    }
  }

  private static void noTable(Map<String, String> faults, SinkException reason) {
    faults.put(Highlights.LOGGED_ARTIFACTS, Highlights.NONE_LOGGED);
    faults.putIfAbsent(RunContent.ARTIFACT_ERROR, String.valueOf(reason.getMessage()));
  }

  private void write(
      String runId, RequestWindow window, WindowNumbers numbers, Map<String, String> faults)
      throws SinkException, InterruptedException {
    WindowStatistics statistics = new WindowStatistics(window, numbers, settings.windowRoutes());
    List<Service.RunTag> late = new ArrayList<>();
    faults.forEach((key, value) -> late.add(Tags.tag(key, Text.fit(value, Text.TAG))));
    if (orphans.contains(runId)) {
      late.addAll(parentTag(parent(window)));
    }
    WindowContent content =
        names.write(
            naming -> {
              WindowContent named = new WindowContent(window, numbers.failures(), settings, naming);
              List<Service.RunTag> tags = new ArrayList<>(RunStore.beyondCreate(named.tags()));
              tags.addAll(late);
              store.log(runId, statistics.metrics(0, naming), List.of(), tags);
              return named;
            });
    store.end(runId, content.status(), content.endMillis());
    forget(runId);
    days.log(window, statistics);
  }

  private void forget(String runId) {
    artifacts.forget(runId);
    orphans.remove(runId);
  }

  /** Takes a run back; safe to repeat. */
  void discard(String runId) throws SinkException, InterruptedException {
    store.delete(runId);
    forget(runId);
  }

  /** Writes what the days' runs are still to get. */
  void flush() throws SinkException, InterruptedException {
    days.flush();
  }

  Optional<String> find(RequestWindow window) throws SinkException, InterruptedException {
    return store.find(filter(window));
  }

  /**
   * Not by its name, which is the service's: another program, such as the command line, may finish
   * what the service began.
   */
  private static String filter(RequestWindow window) {
    return RunStore.tagged(RunContent.EVENT_ID, RunStore.quotable(window.windowId()));
  }
}
