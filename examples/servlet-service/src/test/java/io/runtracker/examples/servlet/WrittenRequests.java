// SPDX-License-Identifier: Apache-2.0
package io.runtracker.examples.servlet;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.RecordedRun;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The requests that are in MLflow, by the numbers in their URLs.
 *
 * @param timesByNumber how often each is there
 * @param runs those with a run of their own
 * @param unfinished runs that were created and not completed
 */
record WrittenRequests(
    Map<Integer, Long> timesByNumber, int runs, int windows, List<RecordedRun> unfinished) {

  private static final String KIND = "runtracker.kind";
  private static final Pattern NUMBER = Pattern.compile("/items/(\\d+)|[?&]n=(\\d+)");
  private static final ObjectMapper JSON = new ObjectMapper();

  static WrittenRequests in(MlflowRuns mlflow, MlflowRuns.Experiment experiment)
      throws IOException {
    List<String> urls = new ArrayList<>();
    List<RecordedRun> unfinished = new ArrayList<>();
    int runs = 0;
    int windows = 0;
    for (RecordedRun run : mlflow.search(experiment.id())) {
      String kind = run.tags().getOrDefault(KIND, "request");
      if (kind.equals("day")) {
        continue;
      }
      if (run.status().equals("RUNNING")) {
        unfinished.add(run);
      } else if (kind.equals("window")) {
        windows++;
        for (String line : mlflow.artifact(run.runId(), "requests.jsonl").lines().toList()) {
          urls.add(JSON.readTree(line).get("url").asText());
        }
      } else {
        runs++;
        urls.add(run.tags().get("http.url"));
      }
    }
    Map<Integer, Long> times =
        urls.stream()
            .map(WrittenRequests::number)
            .collect(Collectors.groupingBy(number -> number, Collectors.counting()));
    return new WrittenRequests(times, runs, windows, unfinished);
  }

  private static int number(String url) {
    Matcher found = NUMBER.matcher(url);
    if (!found.find()) {
      throw new AssertionError("no number in " + url);
    }
    return Integer.parseInt(found.group(1) != null ? found.group(1) : found.group(2));
  }

  long requests() {
    return timesByNumber.values().stream().mapToLong(Long::longValue).sum();
  }

  List<Integer> missing(Collection<Integer> expected) {
    return expected.stream().filter(number -> !timesByNumber.containsKey(number)).toList();
  }

  /** Runs of these requests that were created and not completed. */
  List<RecordedRun> unfinished(Collection<Integer> expected) {
    return unfinished.stream()
        .filter(run -> !run.tags().getOrDefault(KIND, "request").equals("window"))
        .filter(run -> expected.contains(number(run.tags().get("http.url"))))
        .toList();
  }

  List<Integer> twice() {
    return timesByNumber.entrySet().stream()
        .filter(entry -> entry.getValue() > 1)
        .map(Map.Entry::getKey)
        .toList();
  }
}
