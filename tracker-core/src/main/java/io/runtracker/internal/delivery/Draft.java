// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.RequestEvent;
import io.runtracker.internal.log.Backlog;
import io.runtracker.sink.BatchWriter;
import io.runtracker.sink.RequestBatch;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.RunSink;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.WindowDraft;
import io.runtracker.sink.WindowSink;
import java.util.List;
import java.util.Optional;

/**
 * What a unit writes, as the sink takes it: one shape for runs of requests and of windows, and for
 * batches, of which nothing is there before they are complete. The promises are those of {@link
 * RunSink}. Used by one thread at a time.
 */
sealed interface Draft {

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

  /** Requests as they are, which the writer knows when they come again. */
  record OfBatch(BatchWriter writer, List<RequestBatch.Entry> requests, Backlog log)
      implements Draft {
    @Override
    public String create() {
      return "";
    }

    @Override
    public void complete(String runId) throws SinkException, InterruptedException {
      RequestBatch batch = new RequestBatch(requests, log.settledBelow());
      SinkCall.make(
          () -> {
            writer.write(batch);
            return batch;
          });
    }

    @Override
    public Optional<String> find() {
      return Optional.empty();
    }
  }
}
