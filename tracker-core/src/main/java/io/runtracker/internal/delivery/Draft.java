// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.RequestEvent;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.RunSink;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.WindowDraft;
import io.runtracker.sink.WindowSink;
import java.util.Optional;

/**
 * What a unit writes, as the sink takes it: one shape for runs of requests and of windows. The
 * promises are those of {@link RunSink}. Used by one thread at a time.
 */
interface Draft {

  String create() throws SinkException, InterruptedException;

  void complete(String runId) throws SinkException, InterruptedException;

  Optional<String> find() throws SinkException, InterruptedException;

  /** A request that gets a run of its own. */
  record OfRequest(RunSink sink, RequestEvent event) implements Draft {
    @Override
    public String create() throws SinkException, InterruptedException {
      return SinkCall.make(() -> sink.create(event));
    }

    @Override
    public void complete(String runId) throws SinkException, InterruptedException {
      SinkCall.make(
          () -> {
            sink.complete(runId, event);
            return runId;
          });
    }

    @Override
    public Optional<String> find() throws SinkException, InterruptedException {
      return SinkCall.make(() -> sink.find(event));
    }
  }

  /** Requests that get one together; none is added any more. */
  record OfWindow(WindowSink sink, RequestWindow window, WindowDraft requests) implements Draft {
    @Override
    public String create() throws SinkException, InterruptedException {
      return SinkCall.make(() -> requests.create(window));
    }

    @Override
    public void complete(String runId) throws SinkException, InterruptedException {
      SinkCall.make(
          () -> {
            requests.complete(runId, window);
            return runId;
          });
    }

    @Override
    public Optional<String> find() throws SinkException, InterruptedException {
      return SinkCall.make(() -> sink.find(window));
    }
  }
}
