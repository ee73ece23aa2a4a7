// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spool;

import org.jspecify.annotations.Nullable;

/** An event read back from the log. */
public final class SpooledEvent {
  private final long sequence;
  private final byte[] payload;
  private final @Nullable String runId;

  SpooledEvent(long sequence, byte[] payload, @Nullable String runId) {
    this.sequence = sequence;
    this.payload = payload;
    this.runId = runId;
  }

  /** The number it got when it was appended; unique in its log. */
  public long sequence() {
    return sequence;
  }

  /** The bytes appended; the caller's own. */
  public byte[] payload() {
    return payload;
  }

  /** The run id given to {@link SegmentLog#created}, or null when none was. */
  public @Nullable String runId() {
    return runId;
  }
}
