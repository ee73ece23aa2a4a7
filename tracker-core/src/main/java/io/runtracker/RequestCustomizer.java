// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

/**
 * Adds tags and params to the runs of all requests, from the request and its response. Called by
 * many threads at once.
 */
@FunctionalInterface
public interface RequestCustomizer {

  /**
   * Called once for each request that is recorded, when it has ended, on the thread that ended it;
   * it must be quick and must not block. Not called for requests that are sampled out, dropped or
   * killed. When it throws, what it added until then stays, and the fault is logged.
   *
   * @param request not to be kept
   */
  void customize(CompletedRequest request);
}
