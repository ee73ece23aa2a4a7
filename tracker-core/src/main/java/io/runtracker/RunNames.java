// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import org.jspecify.annotations.Nullable;

/** Names events by the user's function, where no handler named them. */
final class RunNames {

  private final @Nullable RunNaming naming;
  private final RateLimitedLog log;

  RunNames(@Nullable RunNaming naming, RateLimitedLog log) {
    this.naming = naming;
    this.log = log;
  }

  RequestEvent named(RequestEvent event) {
    if (naming == null || event.givenName() != null) {
      return event;
    }
    try {
      String name = naming.nameOf(event);
      return name == null || name.isBlank() ? event : event.withName(name);
    } catch (Throwable fault) {
      log.warn("naming", "The function that names runs failed; the run has the usual name", fault);
      return event;
    }
  }
}
