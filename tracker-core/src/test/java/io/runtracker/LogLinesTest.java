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

/** What a tracker's life looks like in the log; its last line is in {@link ClosingTest}. */
class LogLinesTest {

  @TempDir Path directory;

  @Test
  void the_first_line_says_where_requests_go_and_how() {
    RunSink named =
        new MemoryWindowSink() {
          @Override
          public String toString() {
            return "a lake at http://127.0.0.1:1";
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
              "Runtracker writes requests to a lake at http://127.0.0.1:1, as WINDOW, with a spool in "
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
}
