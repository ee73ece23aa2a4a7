// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.util.ArrayList;
import java.util.List;
import org.mlflow.api.proto.Service;

/**
 * Splits what is logged into a run into calls within MLflow's limits, and within the megabyte that
 * a proxy takes at most unless it was told otherwise.
 */
final class Batches {

  private static final int MOST_TAGS = 100;
  private static final int MOST_PARAMS = 100;
  private static final int MOST_METRICS = 1_000;
  private static final int MOST_ENTRIES = 1_000;

  /** MLflow speaks of a million bytes, and nginx of some more. */
  private static final int MOST_BYTES = 900_000;

  /** What JSON has around a key and a value, and around those of a metric. */
  private static final int AROUND = 120;

  private final String runId;
  private final List<Service.LogBatch> full = new ArrayList<>();
  private Service.LogBatch.Builder open;
  private int bytes;

  private Batches(String runId) {
    this.runId = runId;
    this.open = fresh();
  }

  /** How many of the tags fit into the call that creates their run. */
  static int tagsOfCreate(List<Service.RunTag> tags) {
    int bytes = 0;
    int count = 0;
    for (Service.RunTag tag : tags) {
      bytes += size(tag.getKey(), tag.getValue());
      if (count == MOST_TAGS || bytes > MOST_BYTES) {
        break;
      }
      count++;
    }
    return count;
  }

  /** The most bytes that an entry takes in JSON. */
  private static int size(String key, String value) {
    return AROUND + jsonBytes(key) + jsonBytes(value);
  }

  private static int jsonBytes(String text) {
    int bytes = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      bytes += isEscaped(c) ? 6 : c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
    }
    return bytes;
  }

  /** What may take six bytes: the writer thinks of pages that JSON is put into. */
  private static boolean isEscaped(char c) {
    return c < ' ' || "\u007F\u2028\u2029\"\\<>&='".indexOf(c) >= 0;
  }

  static List<Service.LogBatch> of(
      String runId,
      List<Service.Metric> metrics,
      List<Service.Param> params,
      List<Service.RunTag> tags) {
    Batches batches = new Batches(runId);
    for (Service.Param param : params) {
      int size = size(param.getKey(), param.getValue());
      batches.makeRoom(size, batches.open.getParamsCount() < MOST_PARAMS).addParams(param);
    }
    for (Service.RunTag tag : tags) {
      int size = size(tag.getKey(), tag.getValue());
      batches.makeRoom(size, batches.open.getTagsCount() < MOST_TAGS).addTags(tag);
    }
    for (Service.Metric metric : metrics) {
      int size = size(metric.getKey(), "");
      batches.makeRoom(size, batches.open.getMetricsCount() < MOST_METRICS).addMetrics(metric);
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

  private Service.LogBatch.Builder makeRoom(int size, boolean hasRoomForKind) {
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
