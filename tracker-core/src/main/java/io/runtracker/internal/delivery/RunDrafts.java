// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.internal.event.EventBytes;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.RunSink;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.WindowDraft;
import io.runtracker.sink.WindowSink;
import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** For a sink that writes runs. */
final class RunDrafts implements Drafts {

  private final RunSink sink;
  private final @Nullable WindowSink windows;

  RunDrafts(RunSink sink) {
    this.sink = sink;
    this.windows = sink instanceof WindowSink windowSink ? windowSink : null;
  }

  @Override
  public boolean takeWindows() {
    return windows != null;
  }

  @Override
  public boolean areRepeatable() {
    return false;
  }

  @Override
  public long longestOpenNanos() {
    return Long.MAX_VALUE;
  }

  @Override
  public Draft ofEvent(long position, EventBytes event) throws IOException {
    return new Draft.OfRequest(sink, event.decode());
  }

  private WindowSink windowSink() {
    return Objects.requireNonNull(windows);
  }

  @Override
  public Filling newWindow() {
    WindowSink to = windowSink();
    WindowDraft requests = to.newWindow();
    return new Filling() {
      @Override
      public void add(long position, EventBytes event) throws IOException {
        requests.add(event);
      }

      @Override
      public Draft filled(RequestWindow window) {
        return new Draft.OfWindow(to, window, requests);
      }
    };
  }

  @Override
  public Optional<String> find(RequestWindow window) throws SinkException, InterruptedException {
    return SinkCall.make(() -> windowSink().find(window));
  }

  @Override
  public boolean isComplete(String runId) throws SinkException, InterruptedException {
    return SinkCall.make(() -> sink.isComplete(runId));
  }

  @Override
  public void discard(String runId) throws SinkException, InterruptedException {
    SinkCall.make(
        () -> {
          windowSink().discard(runId);
          return runId;
        });
  }

  @Override
  public void removeDuplicates(String runId) throws SinkException, InterruptedException {
    SinkCall.make(() -> sink.removeDuplicates(runId));
  }

  @Override
  public void close() {} // the sink is closed by who built it
}
