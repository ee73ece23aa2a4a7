// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import org.jspecify.annotations.Nullable;

/**
 * Why a request was not delivered. Every loss has exactly one reason and is counted under it in the
 * {@link Ledger}; nothing is lost without a name.
 */
public enum DropReason {
  /**
   * The ring buffer had no free slot when the request ended, or no room for all that its handler
   * logged: the service is faster than this CPU or this disk.
   */
  RING_FULL(false),
  /** The request ended after the tracker was closed, which had not ended it itself. */
  CLOSED(false),
  /** Capturing the request failed by a fault of Runtracker's own; the service did not notice. */
  CAPTURE_FAULT(false),
  /** The request was left out by {@code sampleRatio}, as was asked for: no loss. */
  SAMPLED(false),
  /** The backlog reached its limit in count or bytes while the sink was slow or away. */
  QUEUE_FULL(true),
  /** The spool reached its quota; what is in it was kept and the new request refused. */
  SPOOL_FULL(true),
  /** The request was in the spool and was lost to damage of its files. */
  DAMAGED(true),
  /**
   * The sink said that it will never accept this request, or failed on it {@code maxTries} times
   * while others passed; the reason is in the log, and with a spool in {@code rejected/}.
   */
  REFUSED(true),
  /** The deadline of {@link Tracker#close()} passed before the request was delivered. */
  SHUTDOWN(true),
  /** Delivering the request failed {@code maxTries} times by a fault that is not the server's. */
  DELIVERY_FAULT(true);

  private final boolean afterAcceptance;

  DropReason(boolean afterAcceptance) {
    this.afterAcceptance = afterAcceptance;
  }

  /** The reason of this name, or null when only a later version knows it. */
  public static @Nullable DropReason named(String name) {
    for (DropReason reason : values()) {
      if (reason.name().equals(name)) {
        return reason;
      }
    }
    return null;
  }

  /** Whether the request had been accepted into the ring buffer before it was dropped. */
  public boolean isAfterAcceptance() {
    return afterAcceptance;
  }
}
