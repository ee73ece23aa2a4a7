// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

/** How a request ended, in MLflow's words. */
public enum RunStatus {
  /** The request was answered with a status below 500 and no exception escaped. */
  FINISHED,
  /** The request was answered with 500 or more, or an exception escaped the handler. */
  FAILED,
  /** The tracker was closed, as at the service's shutdown, before the request had ended. */
  KILLED
}
