// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static java.util.Comparator.naturalOrder;

import io.runtracker.DropReason;
import io.runtracker.RequestEvent;
import io.runtracker.internal.event.EventBytes;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.WindowDraft;
import io.runtracker.sink.WindowSink;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * A window with its requests. Each step is made by a draft of its own, as it is when a process
 * takes up what another one began.
 */
record TestWindow(RequestWindow header, List<RequestEvent> events) {

  static TestWindow of(List<RequestEvent> events, Map<DropReason, Long> dropped) {
    Instant start = events.stream().map(RequestEvent::startTime).min(naturalOrder()).orElseThrow();
    Instant end = events.stream().map(RequestEvent::endTime).max(naturalOrder()).orElseThrow();
    return new TestWindow(
        new RequestWindow("window-" + UUID.randomUUID(), start, end, events.size(), dropped),
        events);
  }

  static TestWindow of(List<RequestEvent> events) {
    return of(events, Map.of());
  }

  static TestWindow of(RequestEvent.Builder... events) {
    return of(Arrays.stream(events).map(RequestEvent.Builder::build).toList());
  }

  WindowDraft draft(WindowSink sink) {
    WindowDraft draft = sink.newWindow();
    try {
      for (RequestEvent event : events) {
        draft.add(EventBytes.of(event));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return draft;
  }

  String create(WindowSink sink) throws SinkException, InterruptedException {
    return draft(sink).create(header);
  }

  void complete(WindowSink sink, String runId) throws SinkException, InterruptedException {
    draft(sink).complete(runId, header);
  }
}
