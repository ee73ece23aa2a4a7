// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.sink.BatchSink;
import io.runtracker.sink.BatchWriter;
import io.runtracker.sink.RequestBatch;
import io.runtracker.sink.SinkException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Takes batches as a topic does, and knows by positions what it has taken. It remembers no more
 * than it was told to: who relies on more writes twice.
 */
class MemoryBatchSink implements BatchSink {

  /** What happens before a batch takes effect, or after; may throw, block or do nothing. */
  interface Fault {
    void strike(RequestBatch batch) throws SinkException, InterruptedException;
  }

  volatile Fault before = batch -> {};
  volatile Fault after = batch -> {};

  private final Map<String, Set<String>> rememberedOfLog = new HashMap<>();
  private final List<RequestEvent> written = new ArrayList<>();
  private final List<String> openLogs = Collections.synchronizedList(new ArrayList<>());
  private volatile boolean closed;

  @Override
  public BatchWriter open(String logId) {
    openLogs.add(logId);
    return new BatchWriter() {
      @Override
      public void write(RequestBatch batch) throws SinkException, InterruptedException {
        before.strike(batch);
        take(logId, batch);
        after.strike(batch);
      }

      @Override
      public void close() {
        openLogs.remove(logId);
      }
    };
  }

  private synchronized void take(String logId, RequestBatch batch) {
    Set<String> remembered = rememberedOfLog.computeIfAbsent(logId, id -> new HashSet<>());
    try {
      for (RequestBatch.Entry entry : batch.requests()) {
        if (remembered.add(entry.position() + " " + entry.event().source())) {
          written.add(entry.event().decode());
        }
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    remembered.removeIf(one -> Long.parseLong(one.split(" ")[0]) < batch.settledBelow());
  }

  /** How many requests it remembers, of all logs. */
  synchronized int remembered() {
    return rememberedOfLog.values().stream().mapToInt(Set::size).sum();
  }

  /** All that were written, by their ids. */
  synchronized List<String> written() {
    return MemoryWindowSink.ids(written);
  }

  /** All that were written, by their paths. */
  synchronized List<String> paths() {
    return written.stream().map(event -> event.target().path()).toList();
  }

  /** The logs whose writers are open. */
  List<String> openLogs() {
    return List.copyOf(openLogs);
  }

  boolean isClosed() {
    return closed;
  }

  @Override
  public void close() {
    closed = true;
  }
}
