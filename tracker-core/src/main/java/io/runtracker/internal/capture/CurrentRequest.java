// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

import io.runtracker.adapter.OpenRequest;
import org.jspecify.annotations.Nullable;

/** The request that each thread serves. */
public final class CurrentRequest {

  private static final ThreadLocal<@Nullable OpenRequest> CURRENT = new ThreadLocal<>();

  /** The usual one: nothing was current before. It has nothing to remember, so all share it. */
  private static final OpenRequest.Scope OUTERMOST = new Scope(null);

  private CurrentRequest() {}

  /** The calling thread's, or null. */
  public static @Nullable OpenRequest get() {
    return CURRENT.get();
  }

  /** Makes it the calling thread's until the scope closes. */
  static OpenRequest.Scope set(OpenRequest request) {
    OpenRequest previous = CURRENT.get();
    CURRENT.set(request);
    return previous == null ? OUTERMOST : new Scope(previous);
  }

  /** Makes it the calling thread's, whatever was before. */
  static void replace(OpenRequest request) {
    CURRENT.set(request);
  }

  /** Leaves the calling thread without one. */
  static void remove() {
    CURRENT.remove();
  }

  private record Scope(@Nullable OpenRequest previous) implements OpenRequest.Scope {
    @Override
    public void close() {
      // Not removed when there was none: to set null leaves an empty entry, which keeps nothing
      // alive and serves the thread's next request; to remove it costs an entry for each request.
      CURRENT.set(previous);
    }
  }
}
