// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.Metric;
import io.runtracker.RequestEvent;
import io.runtracker.RequestTarget;
import io.runtracker.sink.RunSink;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What delivery asks of a {@link RunSink}. A sink's test extends it, makes sinks and says what is
 * in their destination.
 */
public abstract class SinkContract {

  /** When the first request began: in 2026, to the millisecond. */
  protected static final long START = 1_790_000_000_123L;

  private final String source = UUID.randomUUID().toString();
  private final List<RunSink> sinks = new ArrayList<>();
  private long sequence;

  /** A sink, as the process of a service makes it. All of a test have one destination. */
  protected abstract RunSink newSink() throws Exception;

  /** The ids of the runs in the destination that are of an event or window, finished or not. */
  protected abstract List<String> runsOf(String eventId) throws Exception;

  @AfterEach
  void closeSinks() {
    sinks.forEach(RunSink::close);
  }

  /** A sink that is closed after the test. */
  final RunSink sink() throws Exception {
    RunSink sink = newSink();
    sinks.add(sink);
    return sink;
  }

  /** The next event, which nobody has seen. */
  protected final RequestEvent.Builder event() {
    RequestTarget target = new RequestTarget("http", "shop.example", 8080, "/items/7", "q=1");
    return RequestEvent.builder(source, sequence++, "GET", target)
        .route("/items/{id}")
        .timing(START, 12_345_678);
  }

  @Test
  void an_event_becomes_one_run_which_is_found_by_it() throws Exception {
    RunSink sink = sink();
    RequestEvent event = event().build();
    String run = sink.create(event);
    assertThat(sink.find(event)).contains(run);
    sink.complete(run, event);
    assertThat(sink.find(event)).contains(run);
    assertThat(runsOf(event.eventId())).containsExactly(run);
  }

  @Test
  void an_event_that_was_never_created_is_not_found() throws Exception {
    assertThat(sink().find(event().build())).isEmpty();
  }

  @Test
  void another_process_finds_and_completes_what_one_has_created() throws Exception {
    RequestEvent event = event().build();
    String run = sink().create(event);
    RunSink other = sink();
    assertThat(other.find(event)).contains(run);
    other.complete(run, event);
    assertThat(runsOf(event.eventId())).containsExactly(run);
  }

  @Test
  void to_complete_again_changes_nothing() throws Exception {
    RunSink sink = sink();
    RequestEvent event = event().param("model", "m1").text("prompt.txt", "hello").build();
    String run = sink.create(event);
    for (int i = 0; i < 3; i++) {
      sink.complete(run, event);
    }
    assertThat(runsOf(event.eventId())).containsExactly(run);
  }

  @Test
  void of_two_runs_of_an_event_the_one_to_keep_is_kept() throws Exception {
    RunSink sink = sink();
    RequestEvent event = event().build();
    sink.create(event);
    String kept = sink.create(event);
    sink.complete(kept, event);
    sink.removeDuplicates(kept);
    sink.removeDuplicates(kept);
    assertThat(runsOf(event.eventId())).containsExactly(kept);
  }

  @Test
  void whatever_a_handler_logs_is_taken() throws Exception {
    RunSink sink = sink();
    for (String odd :
        List.of("", " ", "a:b/c\\d", "\ud800", "\u0000\n\t", "é漢😀", "x".repeat(9_000))) {
      RequestEvent event =
          event()
              .name(odd)
              .tag(odd, odd)
              .param(odd, odd)
              .text(odd, odd)
              .metric(new Metric(odd, Double.NaN, START, -1))
              .error(odd, odd)
              .statusCode(599)
              .build();
      String run = sink.create(event);
      sink.complete(run, event);
      assertThat(runsOf(event.eventId())).containsExactly(run);
    }
  }

  @Test
  void requests_that_failed_or_were_killed_are_taken_too() throws Exception {
    RunSink sink = sink();
    for (RequestEvent event :
        List.of(
            event().statusCode(503).build(),
            event().error("java.lang.IllegalStateException", "boom").build(),
            event().statusCode(0).killed(true).build())) {
      sink.complete(sink.create(event), event);
      assertThat(runsOf(event.eventId())).hasSize(1);
    }
  }

  @Test
  void several_threads_write_at_once() throws Exception {
    RunSink sink = sink();
    List<RequestEvent> events = new ArrayList<>();
    List<Callable<Boolean>> writes = new ArrayList<>();
    for (int i = 0; i < 24; i++) {
      RequestEvent event = event().build();
      events.add(event);
      writes.add(
          () -> {
            sink.complete(sink.create(event), event);
            return true;
          });
    }
    ContractFixture.inParallel(writes);
    for (RequestEvent event : events) {
      assertThat(runsOf(event.eventId())).hasSize(1);
    }
  }

  @Test
  void to_flush_where_nothing_was_held_back_is_no_failure() throws Exception {
    RunSink sink = sink();
    RequestEvent event = event().build();
    sink.complete(sink.create(event), event);
    sink.flush();
    assertThat(runsOf(event.eventId())).hasSize(1);
  }

  /** The log names it by that. */
  @Test
  void it_has_a_name() throws Exception {
    assertThat(sink().toString()).isNotBlank();
  }
}
