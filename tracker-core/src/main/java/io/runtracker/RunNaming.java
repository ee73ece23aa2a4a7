// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import org.jspecify.annotations.Nullable;

/** Names the runs that no handler named. */
@FunctionalInterface
public interface RunNaming {

  /**
   * The name of a request's run. Called off the request thread, by one thread for all requests;
   * secrets in the URL are redacted by then.
   *
   * @return null or blank for the usual name, {@code {METHOD}_{path}_{epoch seconds}}; that is also
   *     given when this throws
   */
  @Nullable String nameOf(RequestEvent request);
}
