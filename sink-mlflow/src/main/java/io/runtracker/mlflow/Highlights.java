// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static java.util.stream.Collectors.joining;

/**
 * Some of a window's rows as a table that MLflow's page opens. All of them would hold up the page
 * for seconds, and nobody reads thousands.
 */
final class Highlights {

  static final String FILE = "highlights.json";

  /** By this tag MLflow knows that a run has a table; its spaces matter. */
  static final String LOGGED_ARTIFACTS = "mlflow.loggedArtifacts";

  static final String AS_LOGGED = "[{\"path\": \"" + FILE + "\", \"type\": \"table\"}]";

  static final String NONE_LOGGED = "[]";

  /** What MLflow's page shows of a run before all else, as Markdown. */
  static final String DESCRIPTION = "mlflow.note.content";

  /** MLflow's page lays out every cell before it shows the first; twice as many take a second. */
  static final int MOST_ROWS = 100;

  private static final byte[] BEGIN =
      JsonBytes.ascii(
          RequestRow.COLUMNS.stream()
              .collect(joining("\",\"", "{\"columns\":[\"", "\"],\"data\":[")));

  private static final byte[] END = JsonBytes.ascii("]}");

  private Highlights() {}

  /** The description of a window of so many requests. */
  static String description(int requests) {
    String all = "Every request of this window is a line of `" + RequestLines.FILE + "`. `" + FILE;
    return requests > MOST_ROWS
        ? all
            + "` is a part of it for this page: "
            + MOST_ROWS
            + " of "
            + requests
            + " requests, those that failed first, then the slowest, then some of the rest; long"
            + " values are cut short."
        : all
            + "` shows them on this page: those that failed first, then the slowest; long values"
            + " are cut short.";
  }

  /** The table. The same rows make the same bytes. */
  static RequestBody body(RequestLines lines, WindowNumbers numbers) {
    JsonBytes table = new JsonBytes();
    JsonBytes row = new JsonBytes();
    table.add(BEGIN);
    boolean isFirst = true;
    for (int number : HighlightChoice.of(numbers, MOST_ROWS)) {
      if (!isFirst) {
        table.add(',');
      }
      isFirst = false;
      row.clear();
      lines.copy(number, row);
      new HighlightRow(row.array(), table).add();
    }
    table.add(END);
    return RequestBody.of(table.array(), table.size());
  }
}
