// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.internal.stage.QuietLogger;
import io.runtracker.sink.Sink;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Whether nothing passes, and one line when something does again. Written by the thread that
 * delivers; any may ask.
 */
public final class ServerWatch {

  private static final QuietLogger log = QuietLogger.ofTracker();

  private final String name;
  private final LongSupplier waiting;
  private volatile boolean away;
  private long sinceNanos;

  /**
   * Not away so far.
   *
   * @param waiting how many requests wait; asked when it is back, because counting them takes time
   */
  ServerWatch(Sink sink, LongSupplier waiting) {
    this.name = nameOf(sink);
    this.waiting = waiting;
  }

  /** How lines of the log name it; its own word is the user's code. */
  public static String nameOf(Sink sink) {
    try {
      return String.valueOf(sink);
    } catch (Throwable ofTheSink) {
      return sink.getClass().getName();
    }
  }

  String name() {
    return name;
  }

  boolean isAway() {
    return away;
  }

  /** By all that is known now. */
  void isAway(boolean now) {
    if (now && !away) {
      sinceNanos = System.nanoTime();
    }
    away = now;
  }

  /**
   * Something passed.
   *
   * @return whether it was away until now
   */
  boolean passed() {
    boolean wasAway = away;
    if (wasAway) {
      away = false;
      long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - sinceNanos);
      log.info(
          "{} takes requests again, after {} s; {} wait and are being delivered",
          name,
          seconds,
          waiting.getAsLong());
    }
    return wasAway;
  }
}
