// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

/**
 * {@link OpenRequest#end} in the two steps that other clients have: they take events that have
 * ended before. In this package to be able to; no part of what users get.
 */
public final class EndInSteps {

  private static final long TOOK_NANOS = 1_000;

  private EndInSteps() {}

  /** All but the last step of {@link OpenRequest#end}. */
  public static void end(OpenRequest request) {
    request.endNotes();
    request.capture.openRequests().remove(request);
  }

  /** The last step: the event is built and goes into the ring. */
  public static void publish(OpenRequest ended, int statusCode) {
    ended.capture.offer(ended, null, statusCode, ended.startNanos() + TOOK_NANOS, null);
  }
}
