// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spikes;

import io.runtracker.RequestEvent;
import io.runtracker.sink.EncodedEvent;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.WindowDraft;
import io.runtracker.sink.WindowSink;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A sink that writes what is in a window at once, in one call, and makes no run of it. */
abstract class BatchSink implements WindowSink {

  /** All of it or nothing; what was written under this id before is not written again. */
  abstract void write(String id, List<byte[]> events) throws SinkException, InterruptedException;

  @Override
  public final String create(RequestEvent event) {
    return event.eventId(); // nothing exists before it is complete
  }

  @Override
  public final void complete(String runId, RequestEvent event)
      throws SinkException, InterruptedException {
    write(runId, List.of(EncodedEvent.of(event).toBytes()));
  }

  /** No look-up is needed: {@link #write} can be repeated. */
  @Override
  public final Optional<String> find(RequestEvent event) {
    return Optional.of(event.eventId());
  }

  @Override
  public final Optional<String> find(RequestWindow window) {
    return Optional.of(window.windowId());
  }

  @Override
  public final WindowDraft newWindow() {
    List<byte[]> events = new ArrayList<>();
    return new WindowDraft() {
      @Override
      public void add(EncodedEvent event) throws IOException {
        events.add(event.toBytes());
      }

      @Override
      public String create(RequestWindow window) {
        return window.windowId();
      }

      @Override
      public void complete(String runId, RequestWindow window)
          throws SinkException, InterruptedException {
        write(runId, events);
      }
    };
  }
}
