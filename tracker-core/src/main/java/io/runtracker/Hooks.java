// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a user has a tracker call. */
record Hooks(
    List<RequestFilter> filters, List<RequestCustomizer> customizers, @Nullable RunNaming naming) {

  Hooks {
    filters = List.copyOf(filters);
    customizers = List.copyOf(customizers);
  }
}
