// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

import org.jspecify.annotations.Nullable;

/**
 * A slot of the ring buffer. It carries the request itself, so that a request thread needs no
 * object of its own for what it publishes. Emptied after use, so that the ring keeps nothing alive.
 */
public final class RingSlot {
  public @Nullable CapturedRequest request;

  public CapturedRequest published() {
    CapturedRequest here = request;
    if (here == null) {
      throw new IllegalStateException("a slot was published empty");
    }
    return here;
  }
}
