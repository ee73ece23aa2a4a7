// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import io.runtracker.RequestEvent;
import io.runtracker.sink.EncodedEvent;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.WindowDraft;
import io.runtracker.sink.WindowSink;
import java.io.IOException;
import java.util.Optional;

/** A sink that creates and discards nothing once the partitions may be another relay's. */
final class LeasedSink implements WindowSink {

  private final WindowSink sink;
  private final Lease lease;

  LeasedSink(WindowSink sink, Lease lease) {
    this.sink = sink;
    this.lease = lease;
  }

  @Override
  public String create(RequestEvent event) throws SinkException, InterruptedException {
    lease.require();
    return sink.create(event);
  }

  @Override
  public void complete(String runId, RequestEvent event)
      throws SinkException, InterruptedException {
    sink.complete(runId, event);
  }

  @Override
  public Optional<String> find(RequestEvent event) throws SinkException, InterruptedException {
    return sink.find(event);
  }

  @Override
  public int removeDuplicates(String runId) throws SinkException, InterruptedException {
    lease.require();
    return sink.removeDuplicates(runId);
  }

  @Override
  public WindowDraft newWindow() {
    WindowDraft draft = sink.newWindow();
    return new WindowDraft() {
      @Override
      public void add(EncodedEvent event) throws IOException {
        draft.add(event);
      }

      @Override
      public String create(RequestWindow window) throws SinkException, InterruptedException {
        lease.require();
        return draft.create(window);
      }

      @Override
      public void complete(String runId, RequestWindow window)
          throws SinkException, InterruptedException {
        draft.complete(runId, window);
      }
    };
  }

  @Override
  public Optional<String> find(RequestWindow window) throws SinkException, InterruptedException {
    return sink.find(window);
  }

  @Override
  public void discard(String runId) throws SinkException, InterruptedException {
    lease.require();
    sink.discard(runId);
  }

  @Override
  public void flush() throws SinkException, InterruptedException {
    sink.flush();
  }

  @Override
  public void close() {
    sink.close();
  }

  @Override
  public String toString() {
    return sink.toString();
  }
}
