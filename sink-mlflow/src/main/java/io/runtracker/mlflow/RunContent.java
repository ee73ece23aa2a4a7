// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.Metric;
import io.runtracker.RequestEvent;
import io.runtracker.RunStatus;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mlflow.api.proto.Service;

/**
 * What the run of a request holds, in a form that MLflow takes. The same event gives the same
 * content every time, or repeating a call would not be safe.
 *
 * <p>What Runtracker records wins over the handler's, which wins over the default tags.
 */
final class RunContent {

  static final String EVENT_ID = "runtracker.event_id";
  static final String ARTIFACT_ERROR = "runtracker.artifact_error";

  private static final String RUN_NAME = "mlflow.runName";
  static final String PARENT_RUN = "mlflow.parentRunId";
  private static final String DURATION = "duration_ms";
  private static final String ERROR_TYPE = "error_type";
  private static final String ERROR_DETAILS = "error_details.txt";

  private final RequestEvent event;
  private final MlflowSettings settings;
  private final String name;
  private final Naming naming;
  private final Tags tags;

  RunContent(RequestEvent event, MlflowSettings settings, Naming naming) {
    this.event = event;
    this.settings = settings;
    this.naming = naming;
    this.tags = new Tags(naming);
    Map<String, String> ofHandler = event.tags();
    this.name = name(event, ofHandler.get(RUN_NAME));
    putOwnTags();
    Map<String, String> others = new LinkedHashMap<>(settings.defaultTags());
    others.putAll(ofHandler);
    others.remove(RUN_NAME);
    others.forEach(tags::putIfAbsent);
  }

  private static String name(RequestEvent event, @Nullable String tagged) {
    String name = tagged != null && !tagged.isBlank() ? tagged : event.runName();
    if (name.isBlank()) {
      long seconds = event.startTime().toEpochMilli() / 1000;
      name = event.method() + '_' + event.target().path() + '_' + seconds;
    }
    return Text.fit(name, Text.RUN_NAME);
  }

  private void putOwnTags() {
    tags.put(EVENT_ID, RunStore.quotable(event.eventId()));
    tags.put("http.method", event.method());
    tags.put("http.url", event.target().url());
    if (event.route() != null) {
      tags.put("http.route", event.route());
    }
    if (event.statusCode() != 0) {
      tags.put("http.status_code", Integer.toString(event.statusCode()));
    }
    if (event.status() == RunStatus.FAILED) {
      tags.put("status", "FAILED");
    }
    if (settings.parentRun() != null) {
      tags.put(PARENT_RUN, settings.parentRun());
    }
  }

  String name() {
    return name;
  }

  long startMillis() {
    return Math.max(0, event.startTime().toEpochMilli());
  }

  long endMillis() {
    return Math.max(startMillis(), event.endTime().toEpochMilli());
  }

  Service.RunStatus status() {
    return switch (event.status()) {
      case FINISHED -> Service.RunStatus.FINISHED;
      case FAILED -> Service.RunStatus.FAILED;
      case KILLED -> Service.RunStatus.KILLED;
    };
  }

  /** All tags but the name's; those that matter most come first. */
  List<Service.RunTag> tags() {
    return tags.list();
  }

  /** A tag that none of {@link #tags} has the key of. */
  Service.RunTag furtherTag(String key, String value) {
    return tags.further(key, value);
  }

  List<Service.Param> params() {
    Keys keys = new Keys(naming);
    Map<String, String> params = new LinkedHashMap<>();
    if (event.errorType() != null) {
      params.put(keys.of(ERROR_TYPE), Text.fit(event.errorType(), Text.PARAM));
    }
    event
        .params()
        .forEach((key, value) -> params.putIfAbsent(keys.of(key), Text.fit(value, Text.PARAM)));
    List<Service.Param> list = new ArrayList<>();
    params.forEach(
        (key, value) -> list.add(Service.Param.newBuilder().setKey(key).setValue(value).build()));
    return list;
  }

  List<Service.Metric> metrics() {
    Keys keys = new Keys(naming);
    List<Service.Metric> list = new ArrayList<>();
    boolean ownDuration = settings.durationMetric();
    if (ownDuration) {
      double millis = event.durationNanos() / 1e6;
      list.add(metric(keys, new Metric(DURATION, millis, endMillis(), 0)));
    }
    for (Metric metric : event.metrics()) {
      if (!ownDuration || !metric.key().equals(DURATION)) {
        list.add(metric(keys, metric));
      }
    }
    return list;
  }

  /** NaN and the infinities go as the strings that JSON has for them in protobuf. */
  private static Service.Metric metric(Keys keys, Metric metric) {
    return Service.Metric.newBuilder()
        .setKey(keys.of(metric.key()))
        .setValue(metric.value())
        .setTimestamp(Math.max(0, metric.timestampMillis()))
        .setStep(metric.step())
        .build();
  }

  boolean hasTexts() {
    return event.errorDetails() != null || !event.texts().isEmpty();
  }

  /** Texts by their paths below the run's artifact root. */
  Map<String, String> texts() {
    FileNames files = new FileNames();
    Map<String, String> texts = new LinkedHashMap<>();
    if (event.errorDetails() != null) {
      texts.put(files.claim(ERROR_DETAILS), Text.fit(event.errorDetails(), Text.ARTIFACT));
    }
    event
        .texts()
        .forEach((file, text) -> texts.put(files.claim(file), Text.fit(text, Text.ARTIFACT)));
    return texts;
  }
}
