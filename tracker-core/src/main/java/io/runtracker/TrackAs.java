// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.sink.RequestWindow;

/**
 * How requests are written to the sink. It changes only what is sent: capture, spool, ledger and
 * the promise of each request once are the same.
 */
public enum TrackAs {
  /** One run for each request. MLflow takes some 40 of these a second. */
  RUN,
  /** One run for each {@link RequestWindow}, with every request as a row of its table. */
  WINDOW,
  /**
   * Runs while the sink keeps up with them. When it does not, windows, but for requests that
   * failed, were slow, or whose handler logged its own data: these keep their own runs. Only when
   * so many of those wait that requests would be lost do they go to windows too. Runs again when
   * few enough requests come for long enough.
   */
  AUTO
}
