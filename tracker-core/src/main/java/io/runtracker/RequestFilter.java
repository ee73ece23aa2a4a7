// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

/** Says which requests are tracked, beside the skip list. Asked by many threads at once. */
@FunctionalInterface
public interface RequestFilter {

  /**
   * Whether to track a request. Called on the request's own thread, so it must be quick and must
   * not block. When it throws, the request is tracked and the fault is logged.
   *
   * @param request not to be kept
   */
  boolean isTracked(IncomingRequest request);
}
