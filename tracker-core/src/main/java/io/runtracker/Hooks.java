// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a user has a tracker call for the requests that it tracks. */
record Hooks(List<RequestCustomizer> customizers, @Nullable RunNaming naming) {

  Hooks {
    customizers = List.copyOf(customizers);
  }
}
