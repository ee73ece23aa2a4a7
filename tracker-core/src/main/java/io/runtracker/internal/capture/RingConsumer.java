// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

/** Who empties the ring. */
public interface RingConsumer {

  /** To be called after a publish, by the thread that did. */
  void published();

  /**
   * Counts what was published after the consumer had ended. To be called by a thread that was
   * overtaken by the close.
   */
  void countStragglers();
}
