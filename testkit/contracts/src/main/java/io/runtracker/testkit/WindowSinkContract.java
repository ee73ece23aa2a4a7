// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.RequestEvent;
import io.runtracker.sink.EncodedEvent;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.WindowDraft;
import io.runtracker.sink.WindowSink;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What delivery asks of a {@link WindowSink} beside what every sink is asked. */
public abstract class WindowSinkContract extends SinkContract {

  @Override
  protected abstract WindowSink newSink() throws Exception;

  /** The event ids of the requests in the run of a window, in their order. */
  protected abstract List<String> rowsOf(String runId) throws Exception;

  /** A window and its requests, of which each step may be another process's. */
  private record Window(RequestWindow header, List<RequestEvent> events) {
    WindowDraft draftIn(WindowSink sink) throws IOException {
      WindowDraft draft = sink.newWindow();
      for (RequestEvent event : events) {
        draft.add(EncodedEvent.of(event));
      }
      return draft;
    }

    List<String> eventIds() {
      return events.stream().map(RequestEvent::eventId).toList();
    }
  }

  private Window window(int size) {
    List<RequestEvent> events = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      events.add(event().statusCode(i % 10 == 9 ? 500 : 200).build());
    }
    Instant start = events.get(0).startTime();
    RequestWindow header =
        new RequestWindow(
            "window-" + UUID.randomUUID(), start, events.get(0).endTime(), size, Map.of());
    return new Window(header, events);
  }

  private WindowSink windows() throws Exception {
    return (WindowSink) sink();
  }

  @Test
  void a_window_becomes_one_run_with_all_its_requests_in_their_order() throws Exception {
    WindowSink sink = windows();
    for (int size : new int[] {1, 500}) {
      Window window = window(size);
      WindowDraft draft = window.draftIn(sink);
      String run = draft.create(window.header());
      assertThat(sink.find(window.header())).contains(run);
      draft.complete(run, window.header());
      assertThat(runsOf(window.header().windowId())).containsExactly(run);
      assertThat(rowsOf(run)).containsExactlyElementsOf(window.eventIds());
    }
  }

  @Test
  void a_window_that_was_never_created_is_not_found() throws Exception {
    assertThat(windows().find(window(1).header())).isEmpty();
  }

  @Test
  void another_process_completes_the_window_that_one_has_created() throws Exception {
    WindowSink sink = windows();
    Window window = window(3);
    String run = window.draftIn(sink).create(window.header());
    WindowSink other = windows();
    assertThat(other.find(window.header())).contains(run);
    window.draftIn(other).complete(run, window.header());
    assertThat(rowsOf(run)).containsExactlyElementsOf(window.eventIds());
  }

  @Test
  void to_complete_a_window_again_adds_no_row() throws Exception {
    WindowSink sink = windows();
    Window window = window(3);
    WindowDraft draft = window.draftIn(sink);
    String run = draft.create(window.header());
    for (int i = 0; i < 3; i++) {
      draft.complete(run, window.header());
    }
    assertThat(rowsOf(run)).containsExactlyElementsOf(window.eventIds());
  }

  @Test
  void a_draft_that_is_given_up_leaves_nothing() throws Exception {
    Window window = window(3);
    window.draftIn(windows());
    assertThat(runsOf(window.header().windowId())).isEmpty();
  }

  @Test
  void the_run_of_a_window_that_is_discarded_is_gone_and_may_be_discarded_again() throws Exception {
    WindowSink sink = windows();
    Window window = window(3);
    String run = window.draftIn(sink).create(window.header());
    sink.discard(run);
    sink.discard(run);
    assertThat(runsOf(window.header().windowId())).isEmpty();
  }

  @Test
  void of_two_runs_of_a_window_the_one_to_keep_is_kept() throws Exception {
    WindowSink sink = windows();
    Window window = window(3);
    window.draftIn(sink).create(window.header());
    WindowDraft draft = window.draftIn(sink);
    String kept = draft.create(window.header());
    draft.complete(kept, window.header());
    sink.removeDuplicates(kept);
    assertThat(runsOf(window.header().windowId())).containsExactly(kept);
  }
}
