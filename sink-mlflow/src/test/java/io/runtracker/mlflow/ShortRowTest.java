// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.TestEvents.request;
import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.RequestEvent;
import io.runtracker.internal.event.EventBytes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.function.ObjIntConsumer;
import org.junit.jupiter.api.Test;
import org.mlflow_project.google.gson.JsonObject;
import org.mlflow_project.google.gson.JsonParser;

/** What one request logs at most becomes a row that a proxy with nginx's defaults takes. */
class ShortRowTest {

  private static final int MEGABYTE = 1 << 20;

  /** What one entry takes of a request's bytes besides its value. */
  private static final int AROUND = 256;

  /** Of as many entries with values of so many characters as a request may log. */
  private static JsonObject shortRowOf(int characters, ObjIntConsumer<RequestEvent.Builder> log)
      throws IOException {
    RequestEvent.Builder request = request("/");
    for (int i = 0; i < MEGABYTE / (AROUND + characters); i++) {
      log.accept(request, i);
    }
    EventBytes event = EventBytes.of(request.build());
    JsonBytes row = new JsonBytes();
    EventFields fields = new EventFields();
    fields.read(event);
    new RequestRow(row, fields).add(event, true);
    RequestLines lines = new RequestLines();
    lines.add(row);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ShortRow.body(lines).writeTo(out);
    assertThat(out.size()).isLessThan(MEGABYTE);
    return JsonParser.parseString(out.toString(StandardCharsets.UTF_8)).getAsJsonObject();
  }

  @Test
  void long_texts_are_cut_with_a_mark() throws IOException {
    JsonObject row = shortRowOf(5_000, (request, i) -> request.text(i + ".txt", "x".repeat(5_000)));
    assertThat(row.toString()).contains("[cut: the whole is too large on its way]");
  }

  @Test
  void so_are_many_that_are_short_but_wide() throws IOException {
    shortRowOf(660, (request, i) -> request.param("p" + i, "\u4e2d".repeat(660)));
  }

  @Test
  void so_are_many_that_json_escapes() throws IOException {
    shortRowOf(990, (request, i) -> request.param("p" + i, "\"".repeat(990)));
    shortRowOf(330, (request, i) -> request.param("p" + i, "\u0001".repeat(330)));
  }

  @Test
  void no_two_keys_become_one() throws IOException {
    String prefix = "k".repeat(100);
    JsonObject row =
        shortRowOf(200, (request, i) -> request.param(prefix + i, "\u0001".repeat(200)));
    assertThat(row.toString()).contains(prefix + "1\"", prefix + "100\"");
  }
}
