// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.adapter.OpenRequest;
import io.runtracker.internal.event.RecordedEvent;
import java.util.AbstractMap;
import java.util.ConcurrentModificationException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

class TrackedRequestTest {

  private final MemorySink sink = new MemorySink();
  private final Tracker tracker = Requests.tracker(sink).build();

  @AfterEach
  void close() {
    tracker.close();
  }

  private RequestEvent delivered() {
    tracker.flush(Requests.LONG);
    return sink.only();
  }

  @Test
  void a_request_becomes_one_event_with_what_it_was() {
    OpenRequest request = Requests.open(tracker, "/items/7").route("/items/{id}");
    request.end(404, null);

    RequestEvent event = delivered();
    assertThat(event.method()).isEqualTo("GET");
    assertThat(event.target().url()).isEqualTo("http://shop.example:8080/items/7");
    assertThat(event.route()).isEqualTo("/items/{id}");
    assertThat(event.statusCode()).isEqualTo(404);
    assertThat(event.status()).isEqualTo(RunStatus.FINISHED);
    assertThat(event.errorType()).isNull();
    assertThat(event.endTime()).isAfterOrEqualTo(event.startTime());
  }

  @Test
  void the_run_is_named_by_method_path_and_epoch_seconds() {
    Requests.open(tracker, "/items/7").end(200, null);
    RequestEvent event = delivered();
    assertThat(event.runName()).isEqualTo("GET_/items/7_" + event.startTime().getEpochSecond());
  }

  @Test
  void a_status_of_500_or_more_is_a_failure() {
    Requests.open(tracker, "/").end(500, null);
    assertThat(delivered().status()).isEqualTo(RunStatus.FAILED);
  }

  @Test
  void an_exception_is_a_failure_whatever_the_status_and_leaves_its_class_and_message() {
    Requests.open(tracker, "/").end(200, new IllegalStateException("boom"));
    RequestEvent event = delivered();
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
    assertThat(event.errorType()).isEqualTo("java.lang.IllegalStateException");
    assertThat(event.errorDetails()).isEqualTo("boom");
  }

  @Test
  void a_handled_exception_is_a_failure_from_the_status_on_that_was_told() {
    Requests.open(tracker, "/").handled(new IllegalStateException("boom"), 500).end(503, null);
    RequestEvent event = delivered();
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
    assertThat(event.errorType()).isEqualTo("java.lang.IllegalStateException");
    assertThat(event.errorDetails()).isEqualTo("boom");
    assertThat(event.params()).isEmpty();
  }

  @Test
  void below_that_status_a_handled_exception_is_a_param_of_a_finished_run() {
    Requests.open(tracker, "/").handled(new IllegalStateException("boom"), 500).end(409, null);
    RequestEvent event = delivered();
    assertThat(event.status()).isEqualTo(RunStatus.FINISHED);
    assertThat(event.errorType()).isNull();
    assertThat(event.params())
        .containsExactly(Map.entry("error_type", "java.lang.IllegalStateException"));
  }

  @Test
  void of_handled_exceptions_the_first_counts() {
    Requests.open(tracker, "/")
        .handled(new IllegalStateException("first"), 0)
        .handled(new IllegalArgumentException("second"), 0)
        .end(200, null);
    assertThat(delivered().errorDetails()).isEqualTo("first");
  }

  @Test
  void an_escaping_exception_goes_before_a_handled_one() {
    Requests.open(tracker, "/")
        .handled(new IllegalStateException("handled"), 0)
        .end(500, new IllegalArgumentException("escaped"));
    RequestEvent event = delivered();
    assertThat(event.errorDetails()).isEqualTo("escaped");
    assertThat(event.params()).isEmpty();
  }

  @Test
  void an_exception_without_a_message_is_described_by_its_class() {
    Requests.open(tracker, "/").end(500, new IllegalStateException());
    assertThat(delivered().errorDetails()).isEqualTo("java.lang.IllegalStateException");
  }

  @Test
  void an_exception_whose_message_throws_is_recorded_all_the_same() {
    class Broken extends RuntimeException {
      private static final long serialVersionUID = 1;

      @Override
      public String getMessage() {
        throw new IllegalStateException("no message for you");
      }
    }
    Requests.open(tracker, "/").end(500, new Broken());
    assertThat(delivered().errorType()).isEqualTo(Broken.class.getName());
  }

  @Test
  void what_the_handler_logs_is_in_the_event_in_its_order() {
    OpenRequest request = Requests.open(tracker, "/");
    request.tag("b", "1").tag("a", "2").param("depth", 5).metric("loss", 0.5);
    request.metric("loss", 0.25, 3).text("prompt.txt", "hello").name("my run");
    request.end(200, null);

    RequestEvent event = delivered();
    assertThat(event.tags()).containsExactly(Map.entry("b", "1"), Map.entry("a", "2"));
    assertThat(event.params()).containsExactly(Map.entry("depth", "5"));
    assertThat(event.metrics()).extracting(Metric::value).containsExactly(0.5, 0.25);
    assertThat(event.metrics()).extracting(Metric::step).containsExactly(0L, 3L);
    assertThat(event.texts()).containsExactly(Map.entry("prompt.txt", "hello"));
    assertThat(event.runName()).isEqualTo("my run");
  }

  @Test
  void the_last_value_of_a_key_wins() {
    OpenRequest request = Requests.open(tracker, "/");
    request.tag("a", "old").tag("a", "new").param("p", 1).param("p", 2);
    request.end(200, null);
    assertThat(delivered().tags()).containsExactly(Map.entry("a", "new"));
    assertThat(sink.only().params()).containsExactly(Map.entry("p", "2"));
  }

  @Test
  void writes_after_the_end_are_ignored_and_counted() {
    OpenRequest request = Requests.open(tracker, "/");
    request.end(200, null);
    request.tag("late", "1").param("late", 1).metric("late", 1).text("late", "1").name("late");
    request.drop();

    assertThat(delivered().tags()).isEmpty();
    assertThat(tracker.stats().ignoredWrites()).isEqualTo(6);
  }

  @Test
  void a_route_after_the_end_is_ignored() {
    OpenRequest request = Requests.open(tracker, "/items/7").route("/items/{id}");
    request.end(200, null);
    request.route("/late");
    assertThat(delivered().route()).isEqualTo("/items/{id}");
  }

  @Test
  void what_comes_after_the_end_is_not_taken_for_the_requests_own_data() {
    OpenRequest request = Requests.open(tracker, "/");
    request.end(200, null);
    request.tag("late", "1");
    assertThat(RecordedEvent.of(delivered()).hasOwnData()).isFalse();
  }

  @Test
  void null_keys_and_values_are_ignored_and_counted() {
    OpenRequest request = Requests.open(tracker, "/");
    request.tag(null, "v").tag("k", null).param("k", null).metric(null, 1).name(null);
    request.end(200, null);

    assertThat(delivered().tags()).isEmpty();
    assertThat(tracker.stats().ignoredWrites()).isEqualTo(5);
  }

  @Test
  void a_param_whose_toString_throws_does_not_reach_the_handler() {
    Object broken =
        new Object() {
          @Override
          public String toString() {
            throw new IllegalStateException("no string for you");
          }
        };
    Requests.open(tracker, "/").param("p", broken).tag("after", "1");
    assertThat(tracker.stats().ignoredWrites()).isZero();
  }

  @Test
  void only_the_first_end_counts() {
    OpenRequest request = Requests.open(tracker, "/");
    assertThat(request.end(200, null)).isTrue();
    assertThat(request.end(500, null)).isFalse();
    assertThat(delivered().statusCode()).isEqualTo(200);
  }

  @Test
  void a_dropped_request_leaves_no_run_and_no_count() {
    OpenRequest request = Requests.open(tracker, "/");
    request.drop();
    request.end(200, null);
    assertThat(tracker.flush(Requests.LONG).offered()).isZero();
  }

  @Test
  void current_is_the_request_of_this_thread_until_its_scope_closes() {
    OpenRequest outer = Requests.open(tracker, "/outer");
    OpenRequest inner = Requests.open(tracker, "/inner");
    try (OpenRequest.Scope first = outer.makeCurrent()) {
      try (OpenRequest.Scope second = inner.makeCurrent()) {
        assertThat(TrackedRequest.current()).isSameAs(inner);
      }
      assertThat(TrackedRequest.current()).isSameAs(outer);
    }
    assertThat(TrackedRequest.current()).isSameAs(NoRequest.INSTANCE);
  }

  @Test
  void without_a_request_current_takes_everything_and_keeps_nothing() {
    TrackedRequest none = TrackedRequest.current();
    none.tag("a", "b").param("a", 1).metric("a", 1).text("a", "b").name("a").drop();
    assertThat(none).isSameAs(TrackedRequest.current());
  }

  @RepeatedTest(20)
  void every_write_of_many_threads_is_either_in_the_event_or_counted_as_late() throws Exception {
    OpenRequest request = Requests.open(tracker, "/");
    int writers = 4;
    int writesEach = 500;
    CountDownLatch halfway = new CountDownLatch(1);
    AtomicInteger done = new AtomicInteger();
    List<Thread> threads = new java.util.ArrayList<>();
    for (int w = 0; w < writers; w++) {
      String prefix = "w" + w + "-";
      Thread thread =
          new Thread(
              () -> {
                for (int i = 0; i < writesEach; i++) {
                  request.tag(prefix + i, "v");
                  if (done.incrementAndGet() == writers * writesEach / 2) {
                    halfway.countDown();
                  }
                }
              });
      threads.add(thread);
      thread.start();
    }
    halfway.await();
    request.end(200, null);
    for (Thread thread : threads) {
      thread.join();
    }

    assertThat(delivered().tags().size() + tracker.stats().ignoredWrites())
        .isEqualTo((long) writers * writesEach);
  }

  @Test
  void an_exception_that_the_handler_caught_makes_a_failure_whatever_the_client_got() {
    OpenRequest request = Requests.open(tracker, "/");
    request.error(new IllegalStateException("boom"));
    request.end(200, null);
    RequestEvent event = delivered();
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
    assertThat(event.errorType()).isEqualTo("java.lang.IllegalStateException");
    assertThat(event.errorDetails()).isEqualTo("boom");
  }

  @Test
  void a_reason_makes_a_failure_without_an_exception() {
    OpenRequest request = Requests.open(tracker, "/");
    request.fail("the model gave no answer");
    request.end(200, null);
    RequestEvent event = delivered();
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
    assertThat(event.errorType()).isNull();
    assertThat(event.errorDetails()).isEqualTo("the model gave no answer");
  }

  @Test
  void the_handlers_word_wins_over_what_a_framework_turned_into_an_answer() {
    OpenRequest request = Requests.open(tracker, "/");
    request.handled(new IllegalArgumentException("of the framework"), 500);
    request.error(new IllegalStateException("first")).fail("last");
    request.handled(new IllegalArgumentException("of the framework"), 500);
    request.end(500, null);
    assertThat(delivered().errorDetails()).isEqualTo("last");
  }

  @Test
  void an_exception_that_leaves_the_handler_wins_over_its_word() {
    OpenRequest request = Requests.open(tracker, "/");
    request.error(new IllegalStateException("caught"));
    request.end(500, new IllegalArgumentException("escaped"));
    RequestEvent event = delivered();
    assertThat(event.errorType()).isEqualTo("java.lang.IllegalArgumentException");
    assertThat(event.errorDetails()).isEqualTo("escaped");
  }

  @Test
  void a_failure_that_comes_too_late_or_is_none_is_ignored_and_counted() {
    OpenRequest request = Requests.open(tracker, "/");
    request.error(null).fail(null);
    request.end(200, null);
    request.error(new IllegalStateException("late")).fail("late");
    assertThat(delivered().status()).isEqualTo(RunStatus.FINISHED);
    assertThat(tracker.stats().ignoredWrites()).isEqualTo(4);
  }

  @Test
  void the_handler_knows_the_id_that_its_run_will_have() {
    OpenRequest request = Requests.open(tracker, "/");
    String id = request.id();
    request.tag("k", "v");
    assertThat(request.id()).isEqualTo(id);
    request.end(200, null);
    RequestEvent event = delivered();
    assertThat(event.eventId()).isEqualTo(id);
    assertThat(event.tags()).containsExactly(Map.entry("k", "v"));
  }

  @Test
  void to_ask_for_the_id_logs_nothing() {
    OpenRequest request = Requests.open(tracker, "/");
    assertThat(request.id()).isNotNull();
    request.end(200, null);
    assertThat(RecordedEvent.of(delivered()).hasOwnData()).isFalse();
  }

  @Test
  void no_two_requests_have_one_id_whether_anybody_asks_or_not() {
    for (int i = 0; i < 100; i++) {
      OpenRequest request = Requests.open(tracker, "/" + i);
      if (i % 3 == 0) {
        request.id();
      }
      request.end(200, null);
    }
    tracker.flush(Requests.LONG);
    assertThat(sink.completed())
        .extracting(RequestEvent::eventId)
        .doesNotHaveDuplicates()
        .hasSize(100);
  }

  @Test
  void after_the_end_and_where_nothing_is_tracked_there_is_no_id() {
    OpenRequest request = Requests.open(tracker, "/");
    request.end(200, null);
    assertThat(request.id()).isNull();
    assertThat(TrackedRequest.current().id()).isNull();
  }

  @RepeatedTest(20)
  void threads_that_ask_at_once_are_told_one_id() throws Exception {
    OpenRequest request = Requests.open(tracker, "/");
    CountDownLatch start = new CountDownLatch(1);
    Set<String> ids = ConcurrentHashMap.newKeySet();
    List<Thread> threads =
        Stream.generate(
                () ->
                    new Thread(
                        () -> {
                          try {
                            start.await();
                          } catch (InterruptedException e) {
                            return;
                          }
                          ids.add(request.id());
                        }))
            .limit(4)
            .toList();
    threads.forEach(Thread::start);
    start.countDown();
    for (Thread thread : threads) {
      thread.join();
    }
    request.end(200, null);
    assertThat(ids).containsExactly(delivered().eventId());
  }

  @Test
  void maps_are_logged_entry_by_entry() {
    OpenRequest request = Requests.open(tracker, "/");
    request.tags(Map.of("team", "search"));
    request.params(Map.of("model", "m1"));
    request.metrics(Map.of("score", 0.5));
    request.end(200, null);
    RequestEvent event = delivered();
    assertThat(event.tags()).containsEntry("team", "search");
    assertThat(event.params()).containsEntry("model", "m1");
    assertThat(event.metrics()).extracting(Metric::key).containsExactly("score");
  }

  @Test
  void a_map_that_is_null_or_throws_is_ignored_and_counted() {
    OpenRequest request = Requests.open(tracker, "/");
    request.tags(null);
    request.params(
        new AbstractMap<String, Object>() {
          @Override
          public Set<Entry<String, Object>> entrySet() {
            throw new ConcurrentModificationException();
          }
        });
    request.end(200, null);
    assertThat(delivered().params()).isEmpty();
    assertThat(tracker.stats().ignoredWrites()).isEqualTo(2);
  }

  @Test
  void a_stack_trace_is_recorded_below_the_message_where_that_was_asked_for() {
    try (Tracker asked = Requests.tracker(sink).recordStackTrace(true).build()) {
      Exception cause = new IllegalArgumentException("root");
      Requests.open(asked, "/").end(500, new IllegalStateException("boom", cause));
      asked.flush(Requests.LONG);
    }
    assertThat(sink.only().errorDetails())
        .startsWith("boom\n\njava.lang.IllegalStateException: boom\n\tat io.runtracker.")
        .contains("Caused by: java.lang.IllegalArgumentException: root\n\tat io.runtracker.");
  }

  @Test
  void a_stack_trace_ends_after_a_hundred_lines_whatever_is_the_cause_of_what() {
    Exception first = new IllegalStateException("first");
    first.initCause(new IllegalStateException("second", first));
    try (Tracker asked = Requests.tracker(sink).recordStackTrace(true).build()) {
      Requests.open(asked, "/").end(500, first);
      asked.flush(Requests.LONG);
    }
    assertThat(sink.only().errorDetails().lines().count()).isBetween(100L, 103L);
  }
}
