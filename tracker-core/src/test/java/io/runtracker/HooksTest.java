// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.adapter.HttpReader;
import io.runtracker.adapter.OpenRequest;
import io.runtracker.sink.SinkException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** What a user's own code says of requests: filters, customizers and the naming of runs. */
class HooksTest {

  /** Headers by their names in lower case; an answer's and a request's alike. */
  private record Headers(Map<String, String> values) implements HttpReader<Headers, Headers> {
    static Headers of(String... namesAndValues) {
      Map<String, String> values = new HashMap<>();
      for (int i = 0; i < namesAndValues.length; i += 2) {
        values.put(namesAndValues[i].toLowerCase(Locale.ROOT), namesAndValues[i + 1]);
      }
      return new Headers(values);
    }

    @Override
    public String requestHeader(Headers request, String name) {
      return request.values().get(name.toLowerCase(Locale.ROOT));
    }

    @Override
    public String clientAddress(Headers request) {
      return "192.0.2.1";
    }

    @Override
    public String responseHeader(Headers response, String name) {
      return response.values().get(name.toLowerCase(Locale.ROOT));
    }
  }

  private static final Headers NONE = Headers.of();

  private final MemorySink sink = new MemorySink();

  private static OpenRequest open(Tracker tracker, String method, String path, Headers headers) {
    return tracker.open(method, Requests.target("/app" + path), path, headers, headers);
  }

  private RequestEvent serve(Tracker.Builder settings, Headers request, Headers response) {
    try (Tracker tracker = settings.build()) {
      open(tracker, "GET", "/items/7", request)
          .route("/items/{id}")
          .tag("team", "handler")
          .end(200, null, request, request, response);
      tracker.flush(Requests.LONG);
      return sink.only();
    }
  }

  // --- filters

  @Test
  void a_filter_decides_by_method_path_and_headers() {
    RequestFilter filter =
        request ->
            !request.method().equals("OPTIONS")
                && !request.path().endsWith(".css")
                && request.header("X-Probe") == null;
    try (Tracker tracker = Requests.tracker(sink).filter(filter).build()) {
      assertThat(open(tracker, "OPTIONS", "/", NONE)).isNull();
      assertThat(open(tracker, "GET", "/a.css", NONE)).isNull();
      assertThat(open(tracker, "GET", "/", Headers.of("x-probe", "yes"))).isNull();
      assertThat(open(tracker, "GET", "/", NONE)).isNotNull();
    }
  }

  @Test
  void its_path_is_the_one_below_the_context_path() {
    try (Tracker tracker =
        Requests.tracker(sink).filter(request -> request.path().equals("/a")).build()) {
      assertThat(open(tracker, "GET", "/a", NONE)).isNotNull();
      assertThat(open(tracker, "GET", "/b", NONE)).isNull();
    }
  }

  @Test
  void every_filter_must_agree_and_the_skip_list_goes_first() {
    AtomicInteger asked = new AtomicInteger();
    Tracker.Builder settings =
        Requests.tracker(sink)
            .filter(request -> asked.incrementAndGet() > 0)
            .filter(request -> !request.path().equals("/no"));
    try (Tracker tracker = settings.build()) {
      assertThat(open(tracker, "GET", "/health", NONE)).isNull();
      assertThat(asked).hasValue(0);
      assertThat(open(tracker, "GET", "/no", NONE)).isNull();
      assertThat(open(tracker, "GET", "/yes", NONE)).isNotNull();
    }
  }

  @Test
  void a_request_is_tracked_when_its_filter_throws() {
    Tracker.Builder settings =
        Requests.tracker(sink)
            .filter(
                request -> {
                  throw new AssertionError("broken filter");
                });
    try (Tracker tracker = settings.build()) {
      assertThat(open(tracker, "GET", "/", NONE)).isNotNull();
      assertThat(tracker.stats().ledger().droppedTotal()).isZero();
    }
  }

  @Test
  void without_a_frameworks_request_a_filter_sees_no_headers() {
    try (Tracker tracker =
        Requests.tracker(sink).filter(request -> request.header("Host") == null).build()) {
      assertThat(tracker.open("GET", Requests.target("/"))).isNotNull();
    }
  }

  // --- customizers

  @Test
  void customizers_add_tags_and_params_from_the_request_and_its_answer() {
    Tracker.Builder settings =
        Requests.tracker(sink)
            .customizer(
                request ->
                    request
                        .tag("what", request.method() + ' ' + request.path())
                        .tag("route", request.route())
                        .tag("tenant", request.requestHeader("X-Tenant"))
                        .param("status", request.statusCode()))
            .customizer(request -> request.tag("cache", request.responseHeader("X-Cache")));
    RequestEvent event =
        serve(settings, Headers.of("X-Tenant", "acme"), Headers.of("X-Cache", "hit"));
    assertThat(event.tags())
        .containsEntry("what", "GET /app/items/7")
        .containsEntry("route", "/items/{id}")
        .containsEntry("tenant", "acme")
        .containsEntry("cache", "hit");
    assertThat(event.params()).containsExactly(Map.entry("status", "200"));
  }

  @Test
  void they_win_over_the_handler_and_add_nothing_for_null() {
    Tracker.Builder settings =
        Requests.tracker(sink)
            .customizer(
                request ->
                    request.tag("team", "ours").tag("none", null).param("none", (Object) null));
    RequestEvent event = serve(settings, NONE, NONE);
    assertThat(event.tags()).containsExactly(Map.entry("team", "ours"));
    assertThat(event.params()).isEmpty();
  }

  @Test
  void they_see_the_exception() {
    Tracker.Builder settings =
        Requests.tracker(sink)
            .customizer(request -> request.tag("error", String.valueOf(request.error())));
    try (Tracker tracker = settings.build()) {
      Requests.open(tracker, "/").end(500, new IllegalStateException("boom"));
      tracker.flush(Requests.LONG);
    }
    assertThat(sink.only().tags()).containsEntry("error", "java.lang.IllegalStateException: boom");
  }

  @Test
  void one_that_throws_stops_neither_the_others_nor_the_record() {
    Tracker.Builder settings =
        Requests.tracker(sink)
            .customizer(
                request -> {
                  request.tag("first", "stays");
                  throw new AssertionError("broken customizer");
                })
            .customizer(request -> request.tag("second", "called"));
    assertThat(serve(settings, NONE, NONE).tags())
        .containsEntry("first", "stays")
        .containsEntry("second", "called");
  }

  @Test
  void they_are_called_once_and_only_for_what_is_recorded() {
    AtomicInteger calls = new AtomicInteger();
    Tracker.Builder settings =
        Requests.tracker(sink)
            .sampleRatio(0)
            .slowThreshold(java.time.Duration.ofDays(1))
            .customizer(request -> calls.incrementAndGet());
    Tracker tracker = settings.build();
    Requests.open(tracker, "/").end(200, null);
    OpenRequest dropped = Requests.open(tracker, "/");
    dropped.drop();
    dropped.end(500, null);
    Requests.open(tracker, "/");
    OpenRequest failed = Requests.open(tracker, "/");
    failed.end(500, null);
    failed.end(500, null);
    tracker.close(Requests.LONG);
    assertThat(calls).hasValue(1);
  }

  // --- names

  @Test
  void runs_are_named_by_the_function_which_sees_no_secret() {
    Tracker.Builder settings =
        Requests.tracker(sink).naming(request -> request.method() + ' ' + request.target().url());
    try (Tracker tracker = settings.build()) {
      RequestTarget target = new RequestTarget("http", "h", 80, "/a", "token=secret");
      tracker.open("GET", target).end(200, null);
      tracker.flush(Requests.LONG);
    }
    assertThat(sink.only().runName()).isEqualTo("GET http://h/a?token=[redacted]");
  }

  @Test
  void the_handlers_own_name_wins() {
    try (Tracker tracker = Requests.tracker(sink).naming(request -> "function").build()) {
      Requests.open(tracker, "/").name("handler").end(200, null);
      tracker.flush(Requests.LONG);
    }
    assertThat(sink.only().runName()).isEqualTo("handler");
  }

  @Test
  void a_function_that_throws_or_has_no_name_leaves_the_usual_one() {
    List<RunNaming> useless =
        List.of(
            request -> null,
            request -> " ",
            request -> {
              throw new AssertionError("broken naming");
            });
    for (RunNaming naming : useless) {
      MemorySink own = new MemorySink();
      try (Tracker tracker = Requests.tracker(own).naming(naming).build()) {
        Requests.open(tracker, "/a").end(200, null);
        tracker.flush(Requests.LONG);
      }
      assertThat(own.only().runName()).startsWith("GET_/a_");
    }
  }

  @Test
  void no_name_is_made_for_a_request_that_a_full_queue_refuses() {
    sink.beforeCreate =
        event -> {
          throw new SinkException(SinkException.Kind.UNAVAILABLE, "away", null);
        };
    AtomicInteger asked = new AtomicInteger();
    RunNaming counting =
        request -> {
          asked.incrementAndGet();
          return null;
        };
    Tracker.Builder settings =
        Requests.tracker(sink).naming(counting).queueSize(10).closeTimeout(Duration.ZERO);
    try (Tracker tracker = settings.build()) {
      Requests.serve(tracker, "/", 10);
      await().until(() -> tracker.stats().queueSize() == 10);
      Requests.serve(tracker, "/", 5);
      await()
          .until(
              () -> tracker.stats().ledger().dropped().equals(Map.of(DropReason.QUEUE_FULL, 5L)));
    }
    assertThat(asked).hasValue(10);
  }

  // --- headers and the client

  @Test
  void headers_and_the_client_are_recorded_only_when_asked_for() {
    RequestEvent event = serve(Requests.tracker(sink), Headers.of("Accept", "text/html"), NONE);
    assertThat(event.tags()).containsExactly(Map.entry("team", "handler"));
  }

  @Test
  void headers_that_are_listed_become_tags_in_lower_case() {
    Tracker.Builder settings = Requests.tracker(sink).recordHeaders("User-Agent", "X-Absent");
    assertThat(serve(settings, Headers.of("User-Agent", "curl/8"), NONE).tags())
        .containsEntry("http.request.header.user-agent", "curl/8")
        .doesNotContainKey("http.request.header.x-absent");
  }

  @Test
  void values_of_headers_with_secrets_are_redacted() {
    String[] secret = {
      "Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key", "X-Auth-Token", "X-CSRF-Token"
    };
    Headers headers = new Headers(new HashMap<>());
    for (String name : secret) {
      headers.values().put(name.toLowerCase(Locale.ROOT), "hunter2");
    }
    RequestEvent event = serve(Requests.tracker(sink).recordHeaders(secret), headers, NONE);
    for (String name : secret) {
      assertThat(event.tags())
          .containsEntry("http.request.header." + name.toLowerCase(Locale.ROOT), "[redacted]");
    }
  }

  @Test
  void the_client_becomes_a_tag() {
    assertThat(serve(Requests.tracker(sink).recordClientAddress(true), NONE, NONE).tags())
        .containsEntry("client.address", "192.0.2.1");
  }

  @Test
  void the_environment_says_what_is_recorded() {
    Map<String, String> environment =
        Map.of(
            "RUNTRACKER_RECORD_HEADERS", "Accept, User-Agent",
            "RUNTRACKER_RECORD_CLIENT_ADDRESS", "true");
    RequestEvent event =
        serve(
            Requests.tracker(sink).environment(environment),
            Headers.of("Accept", "text/html", "User-Agent", "curl/8"),
            NONE);
    assertThat(event.tags())
        .containsKeys(
            "http.request.header.accept", "http.request.header.user-agent", "client.address");
  }

  @Test
  void killed_requests_have_their_headers_too() {
    Tracker tracker = Requests.tracker(sink).recordHeaders("Accept").build();
    open(tracker, "GET", "/", Headers.of("Accept", "text/html"));
    tracker.close(Requests.LONG);
    assertThat(sink.only().tags()).containsEntry("http.request.header.accept", "text/html");
  }

  @Test
  void a_naming_function_that_takes_a_second_for_several_names_is_switched_off_too() {
    AtomicInteger calls = new AtomicInteger();
    try (Tracker tracker =
        Requests.tracker(sink)
            .naming(
                request -> {
                  calls.incrementAndGet();
                  LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(300));
                  return "named";
                })
            .build()) {
      Requests.serve(tracker, "/", 200);
      assertThat(tracker.flush(Requests.LONG).delivered()).isEqualTo(200);
      assertThat(calls.get()).isLessThan(20);
    }
  }

  @Test
  void a_naming_function_that_hangs_is_switched_off_and_named() {
    AtomicInteger calls = new AtomicInteger();
    try (Logged logged = Logged.byTheTracker();
        Tracker tracker =
            Requests.tracker(sink)
                .naming(
                    request -> {
                      calls.incrementAndGet();
                      try {
                        Thread.sleep(Long.MAX_VALUE);
                      } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                      }
                      return null;
                    })
                .build()) {
      Requests.serve(tracker, "/", 20);
      assertThat(tracker.flush(Requests.LONG).delivered()).isEqualTo(20);
      assertThat(calls).hasValue(1);
      assertThat(logged.messages())
          .anyMatch(line -> line.contains("HooksTest") && line.contains("switched off"));
    }
  }

  @Test
  void a_naming_function_that_interrupts_its_thread_does_not_keep_the_batcher_from_waiting() {
    AtomicReference<Thread> batcher = new AtomicReference<>();
    try (Tracker tracker =
        Requests.tracker(sink)
            .naming(
                request -> {
                  batcher.set(Thread.currentThread());
                  Thread.currentThread().interrupt();
                  return null;
                })
            .build()) {
      Requests.serve(tracker, "/", 1);
      assertThat(tracker.flush(Requests.LONG).delivered()).isEqualTo(1);
      await().until(() -> !batcher.get().isInterrupted());
    }
  }
}
