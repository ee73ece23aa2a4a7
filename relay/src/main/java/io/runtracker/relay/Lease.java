// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import io.runtracker.sink.SinkException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How long this relay may be sure that its partitions are its own: the group gives them to another
 * once it has not heard of this one for a session. A process that was frozen does not know it yet
 * when it goes on, so each create asks here before. Safe for use by any thread.
 */
final class Lease {

  private final long nanos;
  private final AtomicInteger underWay = new AtomicInteger();
  private volatile long heldSince = System.nanoTime();

  /**
   * Is held now.
   *
   * @param sessionMillis a third of it is kept for the call itself
   */
  Lease(long sessionMillis) {
    this.nanos = TimeUnit.MILLISECONDS.toNanos(sessionMillis) * 2 / 3;
  }

  /**
   * The group has taken a commit of this member.
   *
   * @param askedNanos when it was asked to
   */
  void renewed(long askedNanos) {
    heldSince = askedNanos;
  }

  /** How long until it ends; at most 0 where it has. */
  long leftNanos() {
    return heldSince + nanos - System.nanoTime();
  }

  /**
   * Nothing may be created by who may have been replaced.
   *
   * @throws SinkException when that may be so
   */
  void require() throws SinkException {
    if (leftNanos() <= 0) {
      throw new SinkException(
          SinkException.Kind.UNAVAILABLE,
          "Nothing is written until Kafka says that this relay is still one of the group",
          null);
    }
  }

  /**
   * As {@link #require}, before a create; {@link #ended} is to follow.
   *
   * @throws SinkException when nothing may be created; nothing is to follow then
   */
  void begin() throws SinkException {
    underWay.incrementAndGet(); // first: whoever loses it waits for this one then
    boolean isHeld = false;
    try {
      require();
      isHeld = true;
    } finally {
      if (!isHeld) {
        ended();
      }
    }
  }

  /** A create has ended, and what is to be done about it. */
  void ended() {
    underWay.decrementAndGet();
  }

  /** Others have the partitions; no create begins before the next commit is taken. */
  void lose() {
    heldSince = System.nanoTime() - nanos;
  }

  /** Whether no create is under way. */
  boolean isIdle() {
    return underWay.get() == 0;
  }
}
