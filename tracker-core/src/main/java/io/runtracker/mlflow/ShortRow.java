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

  /** In bytes. As many of these as a request may log are less than a megabyte. */
  private static final int LONGEST_TEXT = 2_000;

  private static final byte[] CUT = ascii("… [cut: the whole is too large on its way]");

  private ShortRow() {}

  static RequestBody body(RequestLines lines) {
    JsonBytes whole = new JsonBytes();
    lines.copy(0, whole);
    byte[] row = whole.array();
    JsonBytes out = new JsonBytes();
    int copied = 0;
    for (int at = 0; at < whole.size(); ) {
      if (row[at] != '"') {
        at++;
        continue;
      }
      int end = HighlightRow.afterString(row, at);
      if (end - at > LONGEST_TEXT) {
        int cut = HighlightRow.cut(row, at + 1, at + LONGEST_TEXT, true);
        out.add(row, copied, cut - copied).add(CUT).add('"');
        copied = end;
      }
      at = end;
    }
    out.add(row, copied, whole.size() - copied).add('\n');
    return RequestBody.of(out.array(), out.size());
  }
}
