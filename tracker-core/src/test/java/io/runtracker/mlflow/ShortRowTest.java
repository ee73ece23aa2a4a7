// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.EncodedEvent;
import io.runtracker.OpenRequest;
import io.runtracker.RequestEvent;
import io.runtracker.RequestTarget;
import io.runtracker.RequestWindow;
import io.runtracker.TrackAs;
import io.runtracker.TrackedRequest;
import io.runtracker.Tracker;
import io.runtracker.WindowDraft;
import io.runtracker.WindowSink;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.ObjIntConsumer;
import org.junit.jupiter.api.Test;
import org.mlflow_project.google.gson.JsonObject;
import org.mlflow_project.google.gson.JsonParser;

/** What one request logs at most becomes a row that a proxy with nginx's defaults takes. */
class ShortRowTest {

  private static final int MEGABYTE = 1 << 20;
  private static final int MANY = 9_000;

  private static JsonObject shortRowOf(ObjIntConsumer<TrackedRequest> log) {
    RowSink sink = new RowSink();
    try (Tracker tracker =
        Tracker.builder()
            .environment(Map.of())
            .sink(sink)
            .trackAs(TrackAs.WINDOW)
            .windowAge(Duration.ofMillis(10))
            .build()) {
      RequestTarget target = new RequestTarget("http", "localhost", 80, "/", null);
      OpenRequest request = Objects.requireNonNull(tracker.open("GET", target));
      for (int i = 0; i < MANY; i++) {
        log.accept(request, i);
      }
      request.end(200, null);
      tracker.flush(Duration.ofSeconds(30));
    }
    String row = sink.rows.get(0);
    assertThat(row.getBytes(StandardCharsets.UTF_8).length).isLessThan(MEGABYTE);
    return JsonParser.parseString(row).getAsJsonObject();
  }

  private static final class RowSink implements WindowSink {
    private final List<String> rows = new ArrayList<>();

    @Override
    public WindowDraft newWindow() {
      return new WindowDraft() {
        @Override
        public void add(EncodedEvent event) throws IOException {
          JsonBytes row = new JsonBytes();
          EventFields fields = new EventFields();
          fields.read(event);
          new RequestRow(row, fields).add(event, true);
          RequestLines lines = new RequestLines();
          lines.add(row);
          ByteArrayOutputStream out = new ByteArrayOutputStream();
          ShortRow.body(lines).writeTo(out);
          rows.add(out.toString(StandardCharsets.UTF_8));
        }

        @Override
        public String create(RequestWindow window) {
          return "run";
        }

        @Override
        public void complete(String runId, RequestWindow window) {}
      };
    }

    @Override
    public Optional<String> find(RequestWindow window) {
      return Optional.empty();
    }

    @Override
    public String create(RequestEvent event) {
      return "run";
    }

    @Override
    public void complete(String runId, RequestEvent event) {}

    @Override
    public Optional<String> find(RequestEvent event) {
      return Optional.empty();
    }

    @Override
    public void close() {}
  }

  @Test
  void long_texts_are_cut_with_a_mark() {
    JsonObject row = shortRowOf((request, i) -> request.text(i + ".txt", "x".repeat(5_000)));
    assertThat(row.toString()).contains("[cut: the whole is too large on its way]");
  }

  @Test
  void so_are_many_that_are_short_but_wide() {
    shortRowOf((request, i) -> request.param("p" + i, "\u4e2d".repeat(660)));
  }

  @Test
  void so_are_many_that_json_escapes() {
    shortRowOf((request, i) -> request.param("p" + i, "\"".repeat(990)));
    shortRowOf((request, i) -> request.param("p" + i, "\u0001".repeat(330)));
  }

  @Test
  void no_two_keys_become_one() {
    String prefix = "k".repeat(100);
    JsonObject row = shortRowOf((request, i) -> request.param(prefix + i, "\u0001".repeat(200)));
    assertThat(row.toString()).contains(prefix + "1\"", prefix + "100\"");
  }
}
