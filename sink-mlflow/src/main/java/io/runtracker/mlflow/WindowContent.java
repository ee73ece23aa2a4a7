// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.sink.RequestWindow;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.mlflow.api.proto.Service;

/**
 * What the run of a window holds, in a form that MLflow takes. The same window gives the same
 * content every time, or repeating a call would not be safe.
 */
final class WindowContent {

  static final String KIND = "runtracker.kind";

  private static final String PREFIX = "runtracker.window.";

  private final RequestWindow window;
  private final MlflowSettings settings;
  private final int failures;
  private final Tags tags;

  WindowContent(RequestWindow window, int failures, MlflowSettings settings, Naming naming) {
    this.window = window;
    this.settings = settings;
    this.failures = failures;
    this.tags = new Tags(naming);
    tags.put(RunContent.EVENT_ID, RunStore.quotable(window.windowId()));
    tags.put(KIND, "window");
    tags.put(Highlights.LOGGED_ARTIFACTS, Highlights.AS_LOGGED);
    tags.put(Highlights.DESCRIPTION, Highlights.description(window.size()));
    tags.put(PREFIX + "start", window.startTime().toString());
    tags.put(PREFIX + "end", window.endTime().toString());
    tags.put(PREFIX + "requests", Integer.toString(window.size()));
    tags.put(PREFIX + "failures", Integer.toString(failures));
    window
        .dropped()
        .forEach(
            (reason, count) -> tags.put(PREFIX + "dropped." + reason.name(), count.toString()));
    if (status() == Service.RunStatus.FAILED) {
      tags.put("status", "FAILED");
    }
    settings.defaultTags().forEach(tags::putIfAbsent);
  }

  /**
   * {@code 10:15:00..10:15:10Z 2026-11-22 orders}. The time comes first, because MLflow's list
   * shows a dozen characters of a name, and all windows of a day would look the same.
   */
  String name() {
    Instant start = window.startTime().truncatedTo(ChronoUnit.SECONDS);
    Instant end = window.endTime().truncatedTo(ChronoUnit.SECONDS);
    String from = timeOfDay(start).replace("Z", "");
    String until = date(start).equals(date(end)) ? timeOfDay(end) : end.toString();
    String times = from + ".." + until + ' ' + date(start);
    return Text.fit(times + ' ' + settings.serviceName(), Text.RUN_NAME);
  }

  private static String timeOfDay(Instant at) {
    String text = at.toString();
    return text.substring(text.indexOf('T') + 1);
  }

  private static LocalDate date(Instant at) {
    return LocalDate.ofInstant(at, ZoneOffset.UTC);
  }

  long startMillis() {
    return Math.max(0, window.startTime().toEpochMilli());
  }

  long endMillis() {
    return Math.max(startMillis(), window.endTime().toEpochMilli());
  }

  Service.RunStatus status() {
    double failed = failures / (double) window.size();
    return failed > settings.windowFailureRatio()
        ? Service.RunStatus.FAILED
        : Service.RunStatus.FINISHED;
  }

  /** Those that matter most come first. */
  List<Service.RunTag> tags() {
    return tags.list();
  }
}
