// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import org.jspecify.annotations.Nullable;

/**
 * Takes the secrets out of targets, and gives those that are equal the same object while it
 * remembers it: most requests of a service go to few places, and many of them wait in memory.
 *
 * <p>Not safe for use by several threads.
 */
final class CleanTargets {

  static final int REMEMBERED = 256;

  /** Longer ones are seldom the same, and remembering them would cost memory. */
  static final int LONGEST = 256;

  private final UrlRedactor redactor;
  private final @Nullable RequestTarget[] remembered = new RequestTarget[REMEMBERED];

  CleanTargets(UrlRedactor redactor) {
    this.redactor = redactor;
  }

  RequestTarget clean(RequestTarget target) {
    int hash = target.hashCode();
    int slot = (hash ^ (hash >>> 8) ^ (hash >>> 16)) & (REMEMBERED - 1);
    RequestTarget known = remembered[slot];
    if (target.equals(known)) {
      return known;
    }
    RequestTarget clean = redactor.redact(target);
    // One with secrets is never what is remembered, so that none stays in memory.
    if (clean.equals(target) && length(target) <= LONGEST) {
      remembered[slot] = target;
    }
    return clean;
  }

  private static int length(RequestTarget target) {
    String query = target.query();
    return target.host().length() + target.path().length() + (query == null ? 0 : query.length());
  }
}
