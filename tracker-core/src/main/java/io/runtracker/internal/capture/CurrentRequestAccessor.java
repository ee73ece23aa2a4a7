// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

import io.micrometer.context.ContextRegistry;
import io.micrometer.context.ThreadLocalAccessor;
import io.runtracker.TrackedRequest;
import io.runtracker.adapter.OpenRequest;
import org.jspecify.annotations.Nullable;

/**
 * Lets Micrometer's context propagation carry {@link TrackedRequest#current()} to other threads:
 * Spring's {@code ContextPropagatingTaskDecorator}, Reactor's automatic context propagation and
 * {@code ContextSnapshot} find it by the {@code ServiceLoader}; on the module path {@link
 * ContextPropagation} registers it. Needs {@code io.micrometer:context-propagation}, which
 * Runtracker does not bring along; without it this class cannot be loaded.
 */
public final class CurrentRequestAccessor implements ThreadLocalAccessor<OpenRequest> {

  /** The key in snapshots and in Reactor's context. */
  public static final String KEY = "io.runtracker.TrackedRequest";

  /** For the {@code ServiceLoader}. */
  public CurrentRequestAccessor() {}

  /** For where there is none; takes the place of one that was registered before. */
  static void register() {
    ContextRegistry.getInstance().registerThreadLocalAccessor(new CurrentRequestAccessor());
  }

  @Override
  public Object key() {
    return KEY;
  }

  @Override
  public @Nullable OpenRequest getValue() {
    return CurrentRequest.get();
  }

  @Override
  public void setValue(OpenRequest request) {
    CurrentRequest.replace(request);
  }

  /** A thread that had no request of its own keeps none. */
  @Override
  public void setValue() {
    CurrentRequest.remove();
  }
}
