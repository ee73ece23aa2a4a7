// SPDX-License-Identifier: Apache-2.0
package io.runtracker.adapter;

import org.jspecify.annotations.Nullable;

/**
 * How an adapter reads, off its framework's request and response, what a tracker was told to look
 * at. It is asked only then, while the framework's objects are valid, and on a thread that serves
 * the request; so nothing needs to be copied for a tracker that does not ask.
 *
 * <p>Stateless: one instance serves all requests. What it throws never reaches the service.
 *
 * @param <Q> the framework's request
 * @param <S> the framework's response
 */
public interface HttpReader<Q, S> {

  /**
   * A header of the request; several of one name are put together, separated by a comma and a
   * space.
   *
   * @param name in any case
   * @return null when the request has none
   */
  @Nullable String requestHeader(Q request, String name);

  /** Where the request came from, as the container knows it, or null when it does not. */
  @Nullable String clientAddress(Q request);

  /** A header of the response, as {@link #requestHeader}. */
  @Nullable String responseHeader(S response, String name);
}
