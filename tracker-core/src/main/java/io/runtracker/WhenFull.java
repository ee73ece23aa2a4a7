// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

/** What a request thread does when the ring buffer has no free slot. */
public enum WhenFull {
  /**
   * Drop the event and count it as {@link DropReason#RING_FULL}. The request thread goes on at
   * once.
   */
  DROP,
  /** Wait for a slot. The service then runs no faster than the tracker. */
  BLOCK
}
