// SPDX-License-Identifier: Apache-2.0
package service;

import io.runtracker.RequestEvent;
import io.runtracker.sink.RunSink;
import io.runtracker.sink.SinkProvider;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A sink that prints. */
public final class Memory implements SinkProvider, RunSink {

  @Override
  public String name() {
    return "memory";
  }

  @Override
  public boolean isConfigured(Map<String, String> environment) {
    return true;
  }

  @Override
  public Set<String> variables() {
    return Set.of();
  }

  @Override
  public RunSink create(Map<String, String> environment) {
    return this;
  }

  @Override
  public String create(RequestEvent event) {
    return event.eventId();
  }

  @Override
  public void complete(String runId, RequestEvent event) {
    System.out.println("written: " + event.params());
  }

  @Override
  public Optional<String> find(RequestEvent event) {
    return Optional.empty();
  }

  @Override
  public void close() {}
}
