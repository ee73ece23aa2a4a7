// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.util.ArrayList;
import java.util.List;
import org.mlflow.api.proto.Service;
import org.mlflow_project.google.protobuf.MessageLite;

/** Splits what is logged into a run into log-batch calls within MLflow's limits. */
final class Batches {

  static final int MOST_TAGS = 100;

  private static final int MOST_PARAMS = 100;
  private static final int MOST_METRICS = 1_000;
  private static final int MOST_ENTRIES = 1_000;

  /** MLflow speaks of a million bytes of JSON, which is up to twice as long as this. */
  private static final int MOST_BYTES = 500_000;

  private final String runId;
  private final List<Service.LogBatch> full = new ArrayList<>();
  private Service.LogBatch.Builder open;
  private int bytes;

  private Batches(String runId) {
    this.runId = runId;
    this.open = fresh();
  }

  static List<Service.LogBatch> of(
      String runId,
      List<Service.Metric> metrics,
      List<Service.Param> params,
      List<Service.RunTag> tags) {
    Batches batches = new Batches(runId);
    for (Service.Param param : params) {
      batches.makeRoom(param, batches.open.getParamsCount() < MOST_PARAMS).addParams(param);
    }
    for (Service.RunTag tag : tags) {
      batches.makeRoom(tag, batches.open.getTagsCount() < MOST_TAGS).addTags(tag);
    }
    for (Service.Metric metric : metrics) {
      batches.makeRoom(metric, batches.open.getMetricsCount() < MOST_METRICS).addMetrics(metric);
    }
    batches.finish();
    return batches.full;
  }

  private Service.LogBatch.Builder fresh() {
    return Service.LogBatch.newBuilder().setRunId(runId);
  }

  private int entries() {
    return open.getParamsCount() + open.getTagsCount() + open.getMetricsCount();
  }

  private Service.LogBatch.Builder makeRoom(MessageLite entry, boolean hasRoomForKind) {
    int size = entry.getSerializedSize();
    if (!hasRoomForKind || entries() >= MOST_ENTRIES || bytes + size > MOST_BYTES) {
      finish();
    }
    bytes += size;
    return open;
  }

  private void finish() {
    if (entries() > 0) {
      full.add(open.build());
    }
    open = fresh();
    bytes = 0;
  }
}
