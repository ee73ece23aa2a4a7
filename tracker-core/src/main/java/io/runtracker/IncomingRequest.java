// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import org.jspecify.annotations.Nullable;

/** A request that came in, as a {@link RequestFilter} sees it. Valid only while that is asked. */
public interface IncomingRequest {

  /** The HTTP method as sent. */
  String method();

  /** The path below the context path: what is held against the skip list too. */
  String path();

  /**
   * A header; several of one name are put together, separated by a comma and a space.
   *
   * @param name in any case
   * @return null when the request has none
   */
  @Nullable String header(String name);
}
