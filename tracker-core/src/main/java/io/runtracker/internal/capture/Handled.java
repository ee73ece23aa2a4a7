// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

import io.runtracker.internal.event.LogEntry;
import org.jspecify.annotations.Nullable;

/**
 * What a handler, or a framework's mapper of exceptions, said of a failure that it caught: an error
 * or a reason.
 *
 * @param failsFrom the status from which on the error makes the request a failed one
 */
record Handled(@Nullable Throwable error, @Nullable String reason, int failsFrom) {

  /** What the request failed by; null where it answered well all the same. */
  @Nullable Throwable causeAt(int statusCode) {
    return error != null && statusCode >= failsFrom ? error : null;
  }

  /** The entries of a request, and with them the type of the error that it answered well. */
  @Nullable LogEntry withType(@Nullable LogEntry newest, int statusCode) {
    if (error == null || statusCode >= failsFrom) {
      return newest;
    }
    LogEntry type = LogEntry.text(LogEntry.Kind.PARAM, "error_type", error.getClass().getName());
    type.putOn(newest);
    return type;
  }
}
