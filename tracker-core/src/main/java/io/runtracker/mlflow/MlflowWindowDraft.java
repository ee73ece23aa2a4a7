// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.RequestEvent;
import io.runtracker.RequestWindow;
import io.runtracker.SinkException;
import io.runtracker.WindowDraft;

/**
 * The requests of a window as rows of its table, and their numbers. A row is written when its
 * request comes: thousands of them, written when the window closes, would take a core from the
 * service's requests for tens of milliseconds.
 */
final class MlflowWindowDraft implements WindowDraft {

  /** As many rows as take some ten microseconds or more. */
  private static final int ROWS_AT_ONCE = 16;

  private final WindowWriter writer;
  private final RequestTable table = new RequestTable(new TextBody());
  private final WindowNumbers numbers = new WindowNumbers();
  private final Unhurried pace = new Unhurried(ROWS_AT_ONCE);

  MlflowWindowDraft(WindowWriter writer) {
    this.writer = writer;
  }

  @Override
  public void add(RequestEvent event) {
    pace.step();
    numbers.add(event);
    try {
      table.add(event);
    } catch (Throwable e) {
      numbers.removeLast();
      throw e;
    }
  }

  @Override
  public String create(RequestWindow window) throws SinkException, InterruptedException {
    return writer.create(window, numbers);
  }

  @Override
  public void complete(String runId, RequestWindow window)
      throws SinkException, InterruptedException {
    writer.complete(runId, window, table.body(), numbers);
  }
}
