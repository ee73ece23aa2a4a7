// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.config;

import java.time.Duration;

/** What settings are held to. */
public final class Checks {

  /** Longer than any wait makes sense, and keeps all sums in nanoseconds from overflowing. */
  private static final Duration LONGEST = Duration.ofDays(365);

  private Checks() {}

  /** A number of at least so much. */
  public static <N extends Number> Setting.Check<N> atLeast(long least) {
    return value ->
        value.longValue() < least ? "must be at least " + least + ", but is " + value : null;
  }

  /** A number from the one to the other. */
  public static <N extends Number> Setting.Check<N> between(long least, long most) {
    return value ->
        value.doubleValue() >= least && value.doubleValue() <= most
            ? null
            : "must be between " + least + " and " + most + ", but is " + value;
  }

  /** A power of two, two at least. */
  public static Setting.Check<Integer> powerOfTwo() {
    return value ->
        value >= 2 && Integer.bitCount(value) == 1
            ? null
            : "must be a power of two, 2 at least, but is " + value;
  }

  /** Up to a year. */
  public static Setting.Check<Duration> notNegative() {
    return value ->
        value.isNegative() || value.compareTo(LONGEST) > 0
            ? "must be between zero and 365 days, but is " + value
            : null;
  }

  /** Longer than zero, up to a year. */
  public static Setting.Check<Duration> positive() {
    return value -> value.isZero() ? "must be longer than zero" : notNegative().fault(value);
  }
}
