// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

/**
 * Settings of a {@link SegmentLog}.
 *
 * @param segmentBytes size at which a segment is followed by a new one, in bytes; 64 KiB to 64 MiB.
 *     Small ones give their bytes back sooner, large ones cost fewer files: at 4 MiB creating them
 *     is a fifth of what appending takes at its fastest. One group larger than this gets a segment
 *     of its own size.
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
  private static final int SMALLEST_DEFAULT = 4 << 20;
  private static final int LARGEST_DEFAULT = 16 << 20;

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

  /** A quota of 1 GiB, and the rest as {@link #ofQuota} has it. */
  public static SegmentLogOptions defaults() {
    return ofQuota(1L << 30);
  }

  /**
   * Segments of a 64th of this quota, but of 4 to 16 MiB, and {@link Durability#PROCESS}.
   *
   * @param bytes at least 8 MiB
   */
  public static SegmentLogOptions ofQuota(long bytes) {
    long segment = Math.max(SMALLEST_DEFAULT, Math.min(bytes / 64, LARGEST_DEFAULT));
    return new SegmentLogOptions((int) segment, bytes, Durability.PROCESS);
  }

  /** These settings with another size of segments, in bytes. */
  public SegmentLogOptions withSegmentBytes(int bytes) {
    return new SegmentLogOptions(bytes, quotaBytes, durability);
  }

  /** These settings with another durability. */
  public SegmentLogOptions withDurability(Durability other) {
    return new SegmentLogOptions(segmentBytes, quotaBytes, other);
  }
}
