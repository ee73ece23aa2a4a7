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
import org.jspecify.annotations.Nullable;

/**
 * A sink that creates and discards nothing once the partitions may be another relay's.
 *
 * <p>The process may freeze between the question and the call. So a create is asked about once more
 * behind it: if another relay has written the same meanwhile, the run that came too late is taken
 * back. If the other one is still writing, it looks for a second run itself when it has ended.
 */
final class LeasedSink implements WindowSink {

  private final WindowSink sink;
  private final Lease lease;

  LeasedSink(WindowSink sink, Lease lease) {
    this.sink = sink;
    this.lease = lease;
  }

  @Override
  public String create(RequestEvent event) throws SinkException, InterruptedException {
    lease.begin();
    try {
      String runId = sink.create(event);
      return confirmed(runId, () -> sink.find(event));
    } finally {
      lease.ended();
    }
  }

  /** Looks for what is in the sink. */
  private interface Search {
    Optional<String> find() throws SinkException, InterruptedException;
  }

  private String confirmed(String runId, Search search) throws SinkException, InterruptedException {
    if (lease.leftNanos() > 0) {
      return runId;
    }
    String other;
    try {
      other = search.find().orElse(runId);
      if (!other.equals(runId)) {
        sink.discard(runId);
      }
    } catch (SinkException e) { // whatever it is: there is a run that nobody knows yet
      throw unknown("Run " + runId + " was created late, and may be a second one", e);
    }
    if (other.equals(runId)) {
      return runId;
    }
    throw unknown("Another relay has written this meanwhile, as run " + other, null);
  }

  /** It is looked up before it is created again. */
  private static SinkException unknown(String message, @Nullable SinkException cause) {
    String why = cause == null ? "" : ": " + cause.getMessage();
    return new SinkException(SinkException.Kind.UNKNOWN, message + why, cause);
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
  public boolean isComplete(String runId) throws SinkException, InterruptedException {
    return sink.isComplete(runId);
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
        lease.begin();
        try {
          String runId = draft.create(window);
          return confirmed(runId, () -> sink.find(window));
        } finally {
          lease.ended();
        }
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
