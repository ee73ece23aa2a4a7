// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.config;

import io.runtracker.RequestCustomizer;
import io.runtracker.RunNaming;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a user has a tracker call for the requests that it tracks. */
public record UserCallbacks(List<RequestCustomizer> customizers, @Nullable RunNaming naming) {

  public UserCallbacks {
    customizers = List.copyOf(customizers);
  }
}
