// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.internal.event.EventBytes;
import io.runtracker.internal.log.Backlog;
import io.runtracker.sink.BatchWriter;
import io.runtracker.sink.EncodedEvent;
import io.runtracker.sink.RequestBatch;
import io.runtracker.sink.RequestWindow;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** For a sink that takes requests as they are. Its writer knows what it has written. */
final class BatchDrafts implements Drafts {

  /** Who reads them makes windows of his own, and is not to wait for ours. */
  private static final long LONGEST_OPEN_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final BatchWriter writer;
  private final Backlog log;

  BatchDrafts(BatchWriter writer, Backlog log) {
    this.writer = writer;
    this.log = log;
  }

  @Override
  public boolean takeWindows() {
    return true;
  }

  @Override
  public boolean areRepeatable() {
    return true;
  }

  @Override
  public long longestOpenNanos() {
    return LONGEST_OPEN_NANOS;
  }

  @Override
  public Draft ofEvent(long position, EventBytes event) throws IOException {
    return new Draft.OfBatch(writer, List.of(entry(position, event)), log);
  }

  private static RequestBatch.Entry entry(long position, EventBytes event) throws IOException {
    return new RequestBatch.Entry(position, EncodedEvent.of(event.toBytes()));
  }

  @Override
  public Filling newWindow() {
    List<RequestBatch.Entry> entries = new ArrayList<>();
    return new Filling() {
      @Override
      public void add(long position, EventBytes event) throws IOException {
        entries.add(entry(position, event));
      }

      @Override
      public Draft filled(RequestWindow window) {
        // Mostly they are in order: a request that was put back into the log is not.
        entries.sort(Comparator.comparingLong(RequestBatch.Entry::position));
        return new Draft.OfBatch(writer, entries, log);
      }
    };
  }

  @Override
  public Optional<String> find(RequestWindow window) {
    return Optional.empty();
  }

  @Override
  public boolean isComplete(String runId) {
    return false;
  }

  @Override
  public void discard(String runId) {} // there are no runs

  @Override
  public void removeDuplicates(String runId) {}

  @Override
  public void close() {
    writer.close();
  }
}
