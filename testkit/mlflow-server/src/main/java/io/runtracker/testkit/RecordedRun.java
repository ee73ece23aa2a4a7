// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A run as MLflow itself reports it.
 *
 * @param status {@code RUNNING}, {@code FINISHED}, {@code FAILED}, ...
 * @param endTime null while the run is not ended
 * @param metrics the last value of each; {@link MlflowRuns#metricHistory} has the others
 */
public record RecordedRun(
    String runId,
    String name,
    String status,
    Instant startTime,
    @Nullable Instant endTime,
    Map<String, String> tags,
    Map<String, String> params,
    Map<String, Double> metrics,
    String artifactUri) {

  public RecordedRun {
    tags = Map.copyOf(tags);
    params = Map.copyOf(params);
    metrics = Map.copyOf(metrics);
  }
}
