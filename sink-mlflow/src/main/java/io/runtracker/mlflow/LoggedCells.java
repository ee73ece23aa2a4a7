// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.JsonBytes.ascii;

import io.runtracker.internal.event.EventBytes;
import io.runtracker.internal.log.Fields;
import java.io.IOException;
import java.util.List;

/**
 * Writes what a handler logged into a row: tags, params, metrics, their history, and texts. What is
 * a column of its own in a run is an object here, because handlers log what they like and all rows
 * have the same columns.
 */
final class LoggedCells {

  /** How many values they are. */
  static final int COUNT = 5;

  /** Value, time and step stand before a metric's key. */
  private static final int METRIC_HEADER = 3 * Long.BYTES;

  private final JsonBytes out;
  private final KeyedFields keyed = new KeyedFields();

  LoggedCells(JsonBytes out) {
    this.out = out;
  }

  /**
   * Adds the values.
   *
   * @param before what stands before each
   * @param isFirst whether those that are empty are added too
   */
  void add(EventBytes event, List<byte[]> before, boolean isFirst) throws IOException {
    texts(event, EventBytes.TAG, Text.TAG, before.get(0), isFirst);
    texts(event, EventBytes.PARAM, Text.PARAM, before.get(1), isFirst);
    boolean isSeries = metrics(event, before.get(2), isFirst);
    if (isSeries || isFirst) {
      history(event, isSeries, before.get(3));
    }
    texts(event, EventBytes.TEXT, Text.ARTIFACT, before.get(4), isFirst);
  }

  private void texts(EventBytes event, int tag, int limit, byte[] before, boolean isFirst)
      throws IOException {
    byte[] array = event.array();
    keyed.clear(array);
    for (Fields.Reader in = event.fields(); in.next(); ) {
      if (in.tag() == tag) {
        Fields.Reader pair = in.keyAndValue();
        int field = keyed.claim(pair.start(), pair.length());
        keyed.set(field, pair.offset(), pair.restLength());
      }
    }
    if (keyed.size() == 0 && !isFirst) {
      return;
    }
    out.add(before).add('{');
    for (int field = 0; field < keyed.size(); field++) {
      key(field);
      int start = keyed.valueStart(field);
      out.string(array, start, keyed.valueLength(field), limit);
    }
    out.add('}');
  }

  private void key(int field) {
    if (field > 0) {
      out.add(',');
    }
    int start = keyed.keyStart(field);
    out.string(keyed.array(), start, keyed.keyLength(field), Text.TAG);
    out.add(':');
  }

  /**
   * Adds the last value of each.
   *
   * @return whether that is not the whole story
   */
  private boolean metrics(EventBytes event, byte[] before, boolean isFirst) throws IOException {
    byte[] array = event.array();
    keyed.clear(array);
    boolean isSeries = false;
    for (Fields.Reader in = event.fields(); in.next(); ) {
      if (in.tag() == EventBytes.METRIC) {
        int known = keyed.size();
        int start = metric(in);
        int field = keyed.claim(start + METRIC_HEADER, in.length() - METRIC_HEADER);
        boolean isKnown = field < known;
        isSeries |= isKnown || step(array, start) != 0;
        if (!isKnown || step(array, keyed.valueStart(field)) <= step(array, start)) {
          keyed.set(field, start, METRIC_HEADER);
        }
      }
    }
    if (keyed.size() == 0 && !isFirst) {
      return false;
    }
    out.add(before).add('{');
    for (int field = 0; field < keyed.size(); field++) {
      key(field);
      value(array, keyed.valueStart(field));
    }
    out.add('}');
    return isSeries;
  }

  /** Adds all values with their steps, or none. */
  private void history(EventBytes event, boolean isSeries, byte[] before) throws IOException {
    byte[] array = event.array();
    out.add(before).add('[');
    boolean isFirst = true;
    for (Fields.Reader in = event.fields(); isSeries && in.next(); ) {
      if (in.tag() == EventBytes.METRIC) {
        int start = metric(in);
        if (!isFirst) {
          out.add(',');
        }
        out.add('[');
        int key = start + METRIC_HEADER;
        out.string(array, key, in.length() - METRIC_HEADER, Text.TAG);
        out.add(',');
        value(array, start);
        out.add(',').number(Fields.Reader.number(array, start + Long.BYTES, Long.SIZE));
        out.add(',').number(step(array, start)).add(']');
        isFirst = false;
      }
    }
    out.add(']');
  }

  private static int metric(Fields.Reader in) throws IOException {
    if (in.length() < METRIC_HEADER) {
      throw new IOException("a metric of " + in.length() + " bytes");
    }
    return in.start();
  }

  private static long step(byte[] array, int metric) {
    return Fields.Reader.number(array, metric + 2 * Long.BYTES, Long.SIZE);
  }

  /** JSON has no NaN and no infinities; MLflow's own JSON has these words for them. */
  private void value(byte[] array, int metric) {
    double value = Double.longBitsToDouble(Fields.Reader.number(array, metric, Long.SIZE));
    byte[] decimal = ascii(Double.toString(value));
    if (Double.isFinite(value)) {
      out.add(decimal);
    } else {
      out.string(decimal, 0, decimal.length);
    }
  }
}
