// SPDX-License-Identifier: Apache-2.0
package io.runtracker.adapter;

import io.runtracker.RunStatus;
import io.runtracker.TrackedRequest;
import io.runtracker.Tracker;
import org.jspecify.annotations.Nullable;

/**
 * A request from {@link Tracker#open} to {@link #end}: the side of a {@link TrackedRequest} that
 * adapters use. Every method may be called from any thread, never blocks and never throws.
 */
public interface OpenRequest extends TrackedRequest {

  /**
   * Makes this the {@link TrackedRequest#current()} of the calling thread until the scope closes.
   */
  Scope makeCurrent();

  /** The template that the path matched; null leaves what was set before. */
  OpenRequest route(@Nullable String template);

  /**
   * Notes an exception that a framework turns into an answer of its own. Only the first counts, and
   * only when {@link #end} is given none: from the status {@code failsFrom} on it is recorded as
   * that one would be, below it its class name becomes the param {@code error_type} of a run that
   * is finished.
   */
  OpenRequest handled(Throwable error, int failsFrom);

  /**
   * Leaves the request alone when the tracker is closed, in place of ending it as {@link
   * RunStatus#KILLED}: for adapters that may never hear of a request's end. To be called right
   * after it was opened.
   */
  OpenRequest excludeFromShutdown();

  /** Whether {@link #end} was called, or the tracker was closed before that. */
  boolean isEnded();

  /**
   * Ends the request and offers it to the ring buffer. Only the first call counts. After the
   * tracker was closed there is nothing left to end: the request was recorded as {@link
   * RunStatus#KILLED} then, and this call counts as a late write.
   *
   * @param statusCode the status the client was sent
   * @param error what escaped the handler, unwrapped, or null; only its class name and message are
   *     kept
   * @return whether this call was the first
   */
  boolean end(int statusCode, @Nullable Throwable error);

  /**
   * As {@link #end(int, Throwable)}, with the framework's objects for customizers to look at. They
   * are not kept.
   */
  <Q, S> boolean end(
      int statusCode, @Nullable Throwable error, HttpReader<Q, S> reader, Q request, S response);

  @Override
  OpenRequest tag(String key, String value);

  @Override
  OpenRequest param(String key, Object value);

  @Override
  OpenRequest metric(String key, double value, long step);

  @Override
  OpenRequest text(String file, String content);

  @Override
  OpenRequest name(String runName);

  @Override
  OpenRequest error(Throwable error);

  @Override
  OpenRequest fail(String reason);

  /**
   * Restores what was current before {@link OpenRequest#makeCurrent()}; close it on the same
   * thread.
   */
  interface Scope extends AutoCloseable {
    @Override
    void close();
  }
}
