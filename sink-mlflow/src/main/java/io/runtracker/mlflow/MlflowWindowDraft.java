// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.internal.event.EventBytes;
import io.runtracker.sink.EncodedEvent;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.WindowDraft;
import java.io.IOException;

/**
 * The requests of a window as the lines of its file, and their numbers. A line is written when its
 * request comes: thousands of them, written when the window closes, would take a core from the
 * service's requests for tens of milliseconds.
 */
final class MlflowWindowDraft implements WindowDraft {

  /** As many rows as take some ten microseconds or more. */
  private static final int ROWS_AT_ONCE = 32;

  private final WindowWriter writer;
  private final EventFields fields = new EventFields();
  private final JsonBytes json = new JsonBytes();
  private final RequestRow row = new RequestRow(json, fields);
  private final RequestLines lines = new RequestLines();
  private final WindowNumbers numbers = new WindowNumbers();
  private final CooperativeYield pace = new CooperativeYield(ROWS_AT_ONCE);

  MlflowWindowDraft(WindowWriter writer) {
    this.writer = writer;
  }

  @Override
  public void add(EncodedEvent event) throws IOException {
    pace.step();
    json.clear();
    EventBytes bytes = EventBytes.of(event);
    fields.read(bytes);
    row.add(bytes, lines.rows() == 0);
    numbers.add(bytes, fields);
    boolean isAdded = false;
    try {
      lines.add(json);
      isAdded = true;
    } finally {
      if (!isAdded) {
        numbers.removeLast();
      }
    }
  }

  @Override
  public String create(RequestWindow window) throws SinkException, InterruptedException {
    return writer.create(window, numbers);
  }

  @Override
  public void complete(String runId, RequestWindow window)
      throws SinkException, InterruptedException {
    writer.complete(runId, window, lines, numbers);
  }
}
