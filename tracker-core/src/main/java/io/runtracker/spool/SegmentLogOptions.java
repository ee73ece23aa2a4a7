// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spool;

/**
 * Settings of a {@link SegmentLog}.
 *
 * @param segmentBytes size at which a segment is followed by a new one, in bytes; 64 KiB to 64 MiB,
 *     1 to 4 MiB make sense. One group larger than this gets a segment of its own size.
 * @param quotaBytes bytes that the segment files may take together, what is still to be written
 *     about the events in them included; at least two segments
 * @param durability what a commit survives
 */
public record SegmentLogOptions(int segmentBytes, long quotaBytes, Durability durability) {
  /** What a commit survives. */
  public enum Durability {
    /** The end of the process, kill -9 included: one write a commit, no sync. */
    PROCESS,
    /** A power loss too: the file is synced before a commit returns. */
    POWER
  }

  private static final int SMALLEST = 64 << 10;
  private static final int LARGEST = 64 << 20;

  /** Checks the settings. */
  public SegmentLogOptions {
    if (segmentBytes < SMALLEST || segmentBytes > LARGEST) {
      throw new IllegalArgumentException(
          "segmentBytes is " + segmentBytes + ", must be " + SMALLEST + " to " + LARGEST);
    }
    if (quotaBytes < 2L * segmentBytes) {
      throw new IllegalArgumentException(
          "quotaBytes is " + quotaBytes + ", must be two segments or more: " + 2L * segmentBytes);
    }
  }

  boolean power() {
    return durability == Durability.POWER;
  }

  /** Segments of 4 MiB, a quota of 1 GiB, {@link Durability#PROCESS}. */
  public static SegmentLogOptions defaults() {
    return new SegmentLogOptions(4 << 20, 1L << 30, Durability.PROCESS);
  }

  /** These settings with another size of segments, in bytes. */
  public SegmentLogOptions withSegmentBytes(int bytes) {
    return new SegmentLogOptions(bytes, quotaBytes, durability);
  }

  /** These settings with another quota, in bytes. */
  public SegmentLogOptions withQuotaBytes(long bytes) {
    return new SegmentLogOptions(segmentBytes, bytes, durability);
  }

  /** These settings with another durability. */
  public SegmentLogOptions withDurability(Durability other) {
    return new SegmentLogOptions(segmentBytes, quotaBytes, other);
  }
}
