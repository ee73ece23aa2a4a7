// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import org.jspecify.annotations.Nullable;

/** A slot of the ring buffer. Emptied after use, so that the ring keeps nothing alive. */
final class Slot {
  @Nullable RequestEvent event;

  RequestEvent take() {
    RequestEvent taken = event;
    event = null;
    if (taken == null) {
      throw new IllegalStateException("a slot was published empty");
    }
    return taken;
  }
}
