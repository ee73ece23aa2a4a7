// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import jakarta.servlet.UnavailableException;
import org.jspecify.annotations.Nullable;

/** What a container answers to an exception, where it does not tell us. */
final class Failures {

  private Failures() {}

  /** The status with which a container answers when this leaves the filter chain. */
  static int status(@Nullable Throwable thrown) {
    if (thrown instanceof UnavailableException unavailable) {
      return unavailable.isPermanent() ? 404 : 503;
    }
    return 500;
  }
}
