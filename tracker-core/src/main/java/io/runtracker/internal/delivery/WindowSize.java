// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import org.jspecify.annotations.Nullable;

/**
 * How many bytes of requests a window may hold: fewer once something on the way said that one was
 * too large. That may be said of what is in one request, too, or no longer be true; so the windows
 * grow again.
 *
 * <p>Belongs to the thread that delivers.
 */
final class WindowSize {

  /** A window that is refused costs some calls, so they grow slowly to where one was refused. */
  private static final int SLOWLY = 64;

  private final long configured;
  private long mostBytes;
  private long smallestRefused = Long.MAX_VALUE;
  private long passes;

  /**
   * As large ones passed before, and none has since this one was refused; 0 where there is none.
   */
  private long doubted;

  /** The window that was it. */
  private @Nullable Tries doubtedLast;

  WindowSize(long configured) {
    this.configured = Math.max(configured, 1);
    this.mostBytes = this.configured;
  }

  long mostBytes() {
    return mostBytes;
  }

  /**
   * One of so many bytes is; the next are half as large. Where as large ones passed, that is for
   * what was in it, unless it is so of the next one too.
   *
   * @param isPart whether it was part of one that failed
   * @param root of the window: one that is refused again is no other
   */
  void tooLarge(long bytes, boolean isPart, Tries root) {
    if (bytes <= passes) {
      boolean isAnother = !isPart && root != doubtedLast;
      boolean isTheSecond = isAnother && doubted > 0;
      doubted = isAnother ? bytes : doubted;
      doubtedLast = isAnother ? root : doubtedLast;
      if (!isTheSecond) {
        return;
      }
      passes = bytes / 2; // the limit was lowered
      doubted = 0;
    }
    smallestRefused = Math.min(smallestRefused, bytes);
    mostBytes = Math.min(mostBytes, Math.max(bytes / 2, 1));
  }

  /** One of so many bytes is not. */
  void passed(long bytes) {
    passes = Math.max(passes, bytes);
    if (bytes >= doubted) {
      doubted = 0;
    }
    if (bytes >= smallestRefused) {
      smallestRefused = Long.MAX_VALUE; // that was for what was in it
    }
    if (bytes >= mostBytes) {
      boolean isKnownLimit = smallestRefused < Long.MAX_VALUE;
      long more = isKnownLimit ? bytes / SLOWLY + 1 : bytes;
      mostBytes = Math.min(bytes + more, configured);
    }
  }
}
