// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a segment is called, and with that all of its header: a damaged header costs nothing.
 *
 * @param number counts the segments of a log
 * @param base sequence of the first event that it may hold
 * @param mark random bytes that open each of its records. Nobody who may choose a payload knows
 *     them, so no payload can pass for a record when damage makes a scan look inside it; nor can
 *     what a power loss left of another segment.
 */
record SegmentName(long number, long base, int mark) {
  static final String SUFFIX = ".seg";
  private static final int LEAST_DIGITS = 10;
  private static final HexFormat HEX = HexFormat.of();
  private static final Pattern FORM =
      Pattern.compile("(\\d{10,18})-([0-7][0-9a-f]{15})-([0-9a-f]{8})(\\.[a-z]+)");

  /**
   * No log reaches these. Were a file believed that claims to be beyond, no name would be left for
   * what comes after it.
   */
  private static final long MOST_SEGMENTS = 1L << 50;

  private static final long MOST_EVENTS = 1L << 60;

  /** Null when it is the name of no segment. */
  static @Nullable SegmentName parse(String file) {
    return parse(file, SUFFIX);
  }

  /** As {@link #parse(String)}, of a file that is named as segments are but for its suffix. */
  static @Nullable SegmentName parse(String file, String suffix) {
    Matcher form = FORM.matcher(file);
    if (!form.matches() || !form.group(4).equals(suffix)) {
      return null;
    }
    long number = Long.parseLong(form.group(1));
    long base = Long.parseLong(form.group(2), 16);
    int mark = Integer.parseUnsignedInt(form.group(3), 16);
    return number <= MOST_SEGMENTS && base <= MOST_EVENTS
        ? new SegmentName(number, base, mark)
        : null;
  }

  String file() {
    return file(SUFFIX);
  }

  String file(String suffix) {
    String digits = Long.toString(number);
    String zeros = "0".repeat(Math.max(0, LEAST_DIGITS - digits.length()));
    return zeros + digits + '-' + HEX.toHexDigits(base) + '-' + HEX.toHexDigits(mark) + suffix;
  }
}
