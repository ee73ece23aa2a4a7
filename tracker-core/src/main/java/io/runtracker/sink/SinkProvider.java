// SPDX-License-Identifier: Apache-2.0
package io.runtracker.sink;

import io.runtracker.Tracker;
import java.util.Map;
import java.util.Set;

/**
 * Builds the sink of a tracker that was given none. Found by the {@code ServiceLoader}, with the
 * class loader of {@link Tracker}; asked once, by {@link Tracker.Builder#build}.
 */
public interface SinkProvider {

  /** By what {@code RUNTRACKER_SINK} chooses it, such as {@code mlflow}. */
  String name();

  /**
   * Whether the environment names a destination for this sink. Asked where {@code RUNTRACKER_SINK}
   * is not set and the class path has several sinks.
   */
  boolean isConfigured(Map<String, String> environment);

  /**
   * Whether this sink is taken where no other is configured, and never in place of one that is.
   * Only one of a class path's sinks should say so.
   */
  default boolean isFallback() {
    return false;
  }

  /** The variables beginning with {@code RUNTRACKER_} that it reads; none is told as unknown. */
  Set<String> variables();

  /**
   * A sink as the environment describes it. The tracker closes it.
   *
   * @throws IllegalArgumentException when a variable cannot be used; the message names it
   */
  Sink create(Map<String, String> environment);
}
