// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

import io.runtracker.adapter.OpenRequest;

/**
 * {@link OpenRequest#end} in the two steps that other clients have: they take events that have
 * ended before. In this package to be able to; no part of what users get.
 */
public final class EndInSteps {

  private static final long TOOK_NANOS = 1_000;

  private EndInSteps() {}

  /** All but the last step of {@link OpenRequest#end}. */
  public static void end(OpenRequest request) {
    CapturedRequest captured = (CapturedRequest) request;
    captured.endEntries();
    captured.capture.openRequests().remove(captured);
  }

  /** The last step: the event is built and goes into the ring. */
  public static void publish(OpenRequest ended, int statusCode) {
    CapturedRequest captured = (CapturedRequest) ended;
    captured.capture.offer(captured, null, statusCode, captured.startNanos() + TOOK_NANOS, null);
  }
}
