// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.internal.stage.RateLimitedLog;
import io.runtracker.sink.SinkException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Finds out which names the server takes. MLflow before 2.16, and any on Windows, refuses a colon,
 * and with it all that is in the same call. Then what was refused is written again without colons,
 * and so is all that follows. Other servers are asked nothing. Safe for many threads.
 */
final class ServerNames {

  /** Writes something by these names; may be made twice. */
  interface Write<T> {
    T by(Naming naming) throws SinkException, InterruptedException;
  }

  private final RateLimitedLog log = new RateLimitedLog(MlflowSink.class);
  private final AtomicBoolean refusesColons = new AtomicBoolean();
  private final String address;

  /** Of the server at an address, which is for the log. */
  ServerNames(String address) {
    this.address = address;
  }

  <T> T write(Write<T> write) throws SinkException, InterruptedException {
    Naming naming = refusesColons.get() ? Naming.WITHOUT_COLONS : Naming.WITH_COLONS;
    try {
      return write.by(naming);
    } catch (SinkException e) {
      if (naming == Naming.WITHOUT_COLONS || !(e.getCause() instanceof NameRefusedException)) {
        throw e;
      }
    }
    T written = write.by(Naming.WITHOUT_COLONS);
    // Only now: it may have been another character that the server does not know.
    if (!refusesColons.getAndSet(true)) {
      log.warn(
          "colons",
          address
              + " refuses colons in names, as MLflow before 2.16 does: in the names of"
              + " metrics, params and tags they are underscores from now on");
    }
    return written;
  }
}
