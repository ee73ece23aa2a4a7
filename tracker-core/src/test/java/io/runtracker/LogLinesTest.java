// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.sink.RunSink;
import io.runtracker.sink.SinkException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a tracker's life looks like in the log; its last line is in {@link ClosingTest}. */
class LogLinesTest {

  private static final String LAKE = "a lake at http://127.0.0.1:1";

  @TempDir Path directory;

  private static final class Lake extends MemorySink {
    @Override
    public String toString() {
      return LAKE;
    }
  }

  @Test
  void the_first_line_says_where_requests_go_and_how() {
    RunSink named =
        new MemoryWindowSink() {
          @Override
          public String toString() {
            return LAKE;
          }
        };
    try (Logged logged = Logged.byTheTrackerFromInfoOn();
        Tracker tracker =
            Tracker.builder()
                .environment(Map.of())
                .sink(named)
                .trackAs(TrackAs.WINDOW)
                .spool(directory)
                .closeTimeout(Duration.ZERO)
                .build()) {
      assertThat(tracker)
          .hasToString(
              "Tracker[a lake at http://127.0.0.1:1, as WINDOW, with a spool in "
                  + directory
                  + "]");
      assertThat(logged.messages())
          .contains(
              "Runtracker writes requests to "
                  + LAKE
                  + ", as WINDOW, with a spool in "
                  + directory);
    }
  }

  @Test
  void a_sink_that_cannot_name_itself_is_named_by_its_class() {
    MemorySink speechless =
        new MemorySink() {
          @Override
          public String toString() {
            throw new IllegalStateException("told by the test");
          }
        };
    try (Logged logged = Logged.byTheTrackerFromInfoOn();
        Tracker tracker = Requests.tracker(speechless).build()) {
      assertThat(tracker.isEnabled()).isTrue();
      assertThat(logged.messages())
          .anyMatch(line -> line.contains("writes requests to io.runtracker.LogLinesTest"));
    }
  }

  @Test
  void one_line_says_that_the_server_is_back_and_what_waited() {
    MemorySink sink = new MemorySink();
    AtomicBoolean isAway = new AtomicBoolean(true);
    sink.beforeCreate =
        event -> {
          if (isAway.get()) {
            throw new SinkException(SinkException.Kind.UNAVAILABLE, "told by the test", null);
          }
        };
    try (Logged logged = Logged.byTheTrackerFromInfoOn();
        Tracker tracker = Requests.tracker(sink).trackAs(TrackAs.RUN).build()) {
      Requests.serve(tracker, "/", 5);
      await().atMost(Requests.LONG).until(() -> tracker.stats().serverAway());
      isAway.set(false);
      assertThat(tracker.flush(Requests.LONG).isComplete()).isTrue();
      assertThat(logged.messages())
          .filteredOn(line -> line.contains("takes requests again, after 0 s; 5 wait"))
          .hasSize(1);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "UNAVAILABLE  | is away; delivery goes on by itself",
        "UNAUTHORIZED | lets no call in; delivery pauses until it does",
        "REFUSED      | refuses everything; delivery pauses until it takes some",
      })
  void a_line_about_the_server_names_it_and_the_cause(SinkException.Kind kind, String what) {
    MemorySink sink = new Lake();
    sink.beforeCreate =
        event -> {
          throw new SinkException(kind, "told by the test", null);
        };
    try (Logged logged = Logged.byTheTracker();
        Tracker tracker =
            Requests.tracker(sink).trackAs(TrackAs.RUN).closeTimeout(Duration.ZERO).build()) {
      Requests.serve(tracker, "/", 5);
      await()
          .atMost(Requests.LONG)
          .untilAsserted(
              () ->
                  assertThat(logged.messages()).contains(LAKE + ' ' + what + ": told by the test"));
    }
  }

  @Test
  void a_line_about_one_request_names_the_server_and_the_cause() {
    MemorySink sink = new Lake();
    sink.beforeCreate =
        event -> {
          if (event.target().path().equals("/bad")) {
            throw new SinkException(SinkException.Kind.FAILED, "told by the test", null);
          }
        };
    try (Logged logged = Logged.byTheTracker();
        Tracker tracker =
            Requests.tracker(sink).trackAs(TrackAs.RUN).closeTimeout(Duration.ZERO).build()) {
      Requests.serve(tracker, "/good", 5);
      tracker.flush(Requests.LONG);
      Requests.serve(tracker, "/bad", 1);
      await()
          .atMost(Requests.LONG)
          .until(
              () ->
                  logged.messages().stream()
                      .anyMatch(
                          line ->
                              line.startsWith(LAKE + " did not take ")
                                  && line.contains("others go on: told by the test")));
    }
  }
}
