// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.RequestEvent;
import io.runtracker.sink.RunSink;
import io.runtracker.sink.SinkException;
import java.util.Optional;

/** Takes every run, or none. */
final class SometimesAwaySink implements RunSink {

  volatile boolean isAway;

  @Override
  public String create(RequestEvent event) throws SinkException {
    if (isAway) {
      throw new SinkException(SinkException.Kind.UNAVAILABLE, "nobody answers", null);
    }
    return "run";
  }

  @Override
  public void complete(String runId, RequestEvent event) {}

  @Override
  public Optional<String> find(RequestEvent event) {
    return Optional.empty();
  }

  @Override
  public void close() {}
}
