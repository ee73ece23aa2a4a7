// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.JsonBytes.ascii;

import java.util.Arrays;

/**
 * Makes of a row, which is an object, a row of a table, which is an array: what the one leaves out
 * is empty in the other. A value that is too long for MLflow's page is cut; cut objects become
 * texts.
 *
 * <p>It reads what {@link RequestRow} wrote, and nothing else.
 */
final class HighlightRow {

  /** In bytes. More of one value makes the page slow, and nobody reads it in a table. */
  static final int LONGEST_VALUE = 2_000;

  private static final byte[] CUT = ascii("… [cut; whole in " + RequestLines.FILE + "]");

  private final byte[] row;
  private final JsonBytes out;

  /**
   * @param row begins with the object
   */
  HighlightRow(byte[] row, JsonBytes out) {
    this.row = row;
    this.out = out;
  }

  void add() {
    int at = 0;
    out.add('[');
    for (int column = 0; column < RequestRow.COLUMNS.size(); column++) {
      if (column > 0) {
        out.add(',');
      }
      byte[] before = RequestRow.BEFORE.get(column);
      if (isAt(at, before)) {
        int value = at + before.length;
        at = afterValue(value);
        value(value, at);
      } else {
        out.add(RequestRow.EMPTY.get(column));
      }
    }
    out.add(']');
  }

  private boolean isAt(int at, byte[] before) {
    int end = Math.min(row.length, at + before.length);
    return Arrays.equals(row, at, end, before, 0, before.length);
  }

  private void value(int start, int end) {
    if (end - start <= LONGEST_VALUE) {
      out.add(row, start, end - start);
    } else if (row[start] == '"') {
      out.add(row, start, cut(row, start + 1, start + LONGEST_VALUE, true) - start)
          .add(CUT)
          .add('"');
    } else {
      int cut = cut(row, start, start + LONGEST_VALUE, false);
      out.add('"').escaped(row, start, cut - start).add(CUT).add('"');
    }
  }

  /** Where the last character ends that is wholly before the limit. */
  static int cut(byte[] row, int start, int limit, boolean escapes) {
    int at = start;
    while (true) {
      int next = at + Utf8.sequence(row, at, row.length);
      if (escapes && row[at] == '\\') {
        next = at + (row[at + 1] == 'u' ? "\\u0000".length() : "\\n".length());
      }
      if (next > limit) {
        return at;
      }
      at = next;
    }
  }

  /** Where the value ends that begins here: before a comma or a bracket of the row. */
  private int afterValue(int start) {
    int depth = 0;
    int at = start;
    while (true) {
      switch (row[at]) {
        case '"' -> at = afterString(row, at) - 1;
        case '{', '[' -> depth++;
        case '}', ']' -> depth--;
        default -> {}
      }
      if (depth < 0 || (depth == 0 && row[at] == ',')) {
        return at;
      }
      at++;
    }
  }

  /** Where the string ends that begins here. */
  static int afterString(byte[] row, int start) {
    int at = start + 1;
    while (row[at] != '"') {
      at += row[at] == '\\' ? 2 : 1;
    }
    return at + 1;
  }
}
