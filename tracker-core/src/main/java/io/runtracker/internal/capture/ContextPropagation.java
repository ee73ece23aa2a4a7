// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Registers {@link CurrentRequestAccessor} on the module path. There the {@code ServiceLoader} does
 * not find it: it reads no {@code META-INF/services} of a jar with a descriptor, and a descriptor
 * that provides a service of an absent module keeps the JVM from starting.
 */
final class ContextPropagation {

  private static final AtomicBoolean ASKED = new AtomicBoolean();

  private ContextPropagation() {}

  /** Once for all trackers. Without Micrometer there is nothing to do. */
  static void join() {
    if (ContextPropagation.class.getModule().isNamed() && ASKED.compareAndSet(false, true)) {
      try {
        CurrentRequestAccessor.register();
      } catch (LinkageError absent) {
        return;
      }
    }
  }
}
