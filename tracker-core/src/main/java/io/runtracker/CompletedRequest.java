// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import org.jspecify.annotations.Nullable;

/**
 * A request that has ended, with its answer, as a {@link RequestCustomizer} sees it. Valid only
 * while that is called.
 */
public interface CompletedRequest {

  /** The HTTP method as sent. */
  String method();

  /** The path as sent, with the context path, without the query. */
  String path();

  /** The template that the path matched, or null when not known. */
  @Nullable String route();

  /**
   * A header of the request; several of one name are put together, separated by a comma and a
   * space.
   *
   * @param name in any case
   * @return null when the request has none
   */
  @Nullable String requestHeader(String name);

  /** The HTTP status that the client was sent. */
  int statusCode();

  /** A header of the response, as {@link #requestHeader}. */
  @Nullable String responseHeader(String name);

  /** What escaped the handler, or null. */
  @Nullable Throwable error();

  /** Sets a tag of the run, in place of the handler's of that key; a null value sets none. */
  CompletedRequest tag(String key, @Nullable String value);

  /** Sets a param of the run, in place of the handler's of that key; a null value sets none. */
  CompletedRequest param(String key, @Nullable Object value);
}
