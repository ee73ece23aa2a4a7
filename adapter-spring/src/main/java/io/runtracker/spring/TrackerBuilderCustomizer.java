// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import io.runtracker.Tracker;

/**
 * A bean that has the last word on the settings of the auto-configured {@link Tracker}; there may
 * be several, in their {@code @Order}.
 */
@FunctionalInterface
public interface TrackerBuilderCustomizer {

  /** Called once, after the properties were applied and before the tracker is built. */
  void customize(Tracker.Builder builder);
}
