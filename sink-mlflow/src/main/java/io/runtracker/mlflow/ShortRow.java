// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.JsonBytes.ascii;

/**
 * Makes of the only row of a window one whose long texts are cut, for where the whole is too large
 * on its way to MLflow. A request is worth more than its texts.
 *
 * <p>It reads what {@link RequestRow} wrote, and nothing else.
 */
final class ShortRow {

  /** What a proxy with nginx's defaults takes, with room for the rest of a request. */
  private static final int TARGET = 1_000_000;

  /** In bytes. Many texts may be too large together although each is short. */
  private static final int[] LONGEST_TEXTS = {2_000, 200, 40};

  private static final byte[] CUT = ascii("… [cut: the whole is too large on its way]");
  private static final byte[] SHORT_CUT = ascii("…");

  private ShortRow() {}

  static RequestBody body(RequestLines lines) {
    JsonBytes whole = new JsonBytes();
    lines.copy(0, whole);
    JsonBytes shorter = whole;
    for (int longest : LONGEST_TEXTS) {
      if (shorter == whole || shorter.size() > TARGET) {
        shorter = cut(whole, longest, longest == LONGEST_TEXTS[0] ? CUT : SHORT_CUT);
      }
    }
    return RequestBody.of(shorter.array(), shorter.size());
  }

  private static JsonBytes cut(JsonBytes whole, int longest, byte[] mark) {
    byte[] row = whole.array();
    JsonBytes out = new JsonBytes();
    int copied = 0;
    for (int at = 0; at < whole.size(); ) {
      if (row[at] != '"') {
        at++;
        continue;
      }
      int end = HighlightRow.afterString(row, at);
      boolean isKey = row[end] == ':';
      if (end - at > longest && !isKey) {
        int cut = HighlightRow.cut(row, at + 1, at + longest, true);
        out.add(row, copied, cut - copied).add(mark).add('"');
        copied = end;
      }
      at = end;
    }
    return out.add(row, copied, whole.size() - copied).add('\n');
  }
}
