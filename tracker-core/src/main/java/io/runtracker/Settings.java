// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.spool.SegmentLogOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Everything a tracker can be told, checked. The same word names a setting here, in {@link
 * Tracker.Builder} and, in capitals behind {@code RUNTRACKER_}, in the environment.
 */
record Settings(
    boolean enabled,
    List<String> skip,
    List<String> redact,
    int ringSize,
    long ringBytes,
    int requestBytes,
    WhenFull whenFull,
    int batchSize,
    long batchBytes,
    Duration batchAge,
    @Nullable Path spool,
    boolean spoolShared,
    long spoolQuota,
    SegmentLogOptions.Durability durability,
    int queueSize,
    long queueBytes,
    int inFlight,
    TrackAs trackAs,
    Duration windowAge,
    int windowRows,
    long windowBytes,
    Duration autoThreshold,
    Duration retryDelay,
    Duration maxRetryDelay,
    int maxTries,
    Duration lookupDelay,
    Duration closeTimeout,
    boolean shutdownHook,
    double sampleRatio,
    Duration slowThreshold,
    List<String> recordHeaders,
    boolean recordClientAddress,
    RecordQuery recordQuery) {

  static final List<String> DEFAULT_SKIP = List.of("/health", "/docs", "/openapi.json");

  private static final Pattern HEADER_NAME = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");

  static final int WINDOW_ROWS = 10_000;

  static final int REQUEST_BYTES = 1 << 20;

  private static final int LEAST_REQUEST_BYTES = 1 << 10;

  /** Two segments of the spool. */
  private static final long LEAST_QUOTA = 8L << 20;

  Settings {
    skip = List.copyOf(skip);
    redact = List.copyOf(redact);
    recordHeaders = List.copyOf(recordHeaders);
    if (Integer.bitCount(ringSize) != 1) {
      throw new IllegalArgumentException("ringSize must be a power of two, but is " + ringSize);
    }
    atLeast("ringSize", ringSize, 2);
    atLeast("ringBytes", ringBytes, 1);
    if (requestBytes < LEAST_REQUEST_BYTES || requestBytes > EventCodec.MOST_BYTES) {
      throw new IllegalArgumentException(
          "requestBytes must be between "
              + LEAST_REQUEST_BYTES
              + " and "
              + EventCodec.MOST_BYTES
              + ", but is "
              + requestBytes);
    }
    atLeast("batchSize", batchSize, 1);
    atLeast("batchBytes", batchBytes, 1);
    atLeast("queueSize", queueSize, 1);
    atLeast("queueBytes", queueBytes, 1);
    atLeast("inFlight", inFlight, 1);
    atLeast("windowRows", windowRows, 1);
    atLeast("windowBytes", windowBytes, 1);
    atLeast("spoolQuota", spoolQuota, LEAST_QUOTA);
    positive("batchAge", batchAge);
    positive("windowAge", windowAge);
    positive("autoThreshold", autoThreshold);
    positive("retryDelay", retryDelay);
    positive("maxRetryDelay", maxRetryDelay);
    if (maxRetryDelay.compareTo(retryDelay) < 0) {
      throw new IllegalArgumentException(
          "maxRetryDelay (" + maxRetryDelay + ") is shorter than retryDelay (" + retryDelay + ")");
    }
    atLeast("maxTries", maxTries, 2);
    notNegative("lookupDelay", lookupDelay);
    notNegative("closeTimeout", closeTimeout);
    notNegative("slowThreshold", slowThreshold);
    if (!(sampleRatio >= 0 && sampleRatio <= 1)) {
      throw new IllegalArgumentException(
          "sampleRatio must be between 0 and 1, but is " + sampleRatio);
    }
    for (String header : recordHeaders) {
      if (!HEADER_NAME.matcher(header).matches()) {
        throw new IllegalArgumentException(
            "recordHeaders: '" + header + "' is not the name of a header");
      }
    }
  }

  /**
   * What is in no spool is as safe in the ring as behind it, and each group that is handed on wakes
   * a thread: two hundred a second were half of what the tracker's threads took at a thousand
   * requests a second.
   */
  static Duration batchAge(@Nullable Path spool) {
    return Duration.ofMillis(spool == null ? 50 : 15);
  }

  /** By default the ring may hold a sixteenth of the heap, and no more than is emptied at once. */
  static long ringBytes(long heapBytes) {
    return Math.min(16L << 20, heapBytes / 16);
  }

  /** By default there is room for the open window, for two on their way, and for one more. */
  static int queueSize(int windowRows) {
    return (int) Math.min(Integer.MAX_VALUE, Math.max(100_000L, 4L * windowRows));
  }

  /** By default there is room for four windows, in as far as a quarter of the heap has it. */
  static long queueBytes(int windowRows, long heapBytes) {
    return Math.min(Math.max(48L << 20, 2_000L * windowRows), heapBytes / 4);
  }

  /**
   * MLflow's page lays a file of up to 5 MB out as a whole, and blocks for a second from some 3 MB
   * on. So by default a window makes a file of some 2 MB at most. Who asks for large windows gets
   * files of which the page shows a part.
   */
  static long windowBytes(int windowRows) {
    return windowRows <= WINDOW_ROWS ? 1_600_000 : 800L * windowRows;
  }

  private static void atLeast(String name, long value, long least) {
    if (value < least) {
      throw new IllegalArgumentException(name + " must be at least " + least + ", but is " + value);
    }
  }

  private static void positive(String name, Duration value) {
    notNegative(name, value);
    if (value.isZero()) {
      throw new IllegalArgumentException(name + " must be longer than zero");
    }
  }

  /**
   * A year is longer than any wait makes sense, and keeps all sums in nanoseconds from overflowing.
   */
  private static void notNegative(String name, Duration value) {
    if (value.isNegative() || value.compareTo(Duration.ofDays(365)) > 0) {
      throw new IllegalArgumentException(
          name + " must be between zero and 365 days, but is " + value);
    }
  }
}
