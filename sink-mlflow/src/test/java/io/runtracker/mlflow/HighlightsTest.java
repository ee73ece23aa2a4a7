// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.TestEvents.START;
import static io.runtracker.mlflow.TestEvents.request;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.runtracker.Metric;
import io.runtracker.RequestEvent;
import io.runtracker.internal.event.EventBytes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class HighlightsTest {

  private static final JsonMapper JSON = new JsonMapper();
  private static final int ROUTE = RequestRow.COLUMNS.indexOf("url");

  private final EventFields fields = new EventFields();
  private final JsonBytes json = new JsonBytes();
  private final RequestRow row = new RequestRow(json, fields);
  private final RequestLines lines = new RequestLines();
  private final WindowNumbers numbers = new WindowNumbers();

  private void add(RequestEvent.Builder request) throws IOException {
    EventBytes event = EventBytes.of(request.build());
    json.clear();
    fields.read(event);
    row.add(event, lines.rows() == 0);
    numbers.add(event, fields);
    lines.add(json);
  }

  /** Each takes as many milliseconds as its number modulo a thousand. */
  private void addPlain(int from, int until) throws IOException {
    for (int i = from; i < until; i++) {
      add(request("/" + i).timing(START, i % 1_000 * 1_000_000L));
    }
  }

  private JsonNode table() throws IOException {
    return JSON.readTree(Body.sent(Highlights.body(lines, numbers)));
  }

  private List<Integer> shown() throws IOException {
    List<Integer> shown = new ArrayList<>();
    for (JsonNode one : table().path("data")) {
      shown.add(Integer.valueOf(one.path(ROUTE).asText().replaceAll(".*/", "")));
    }
    return shown;
  }

  private JsonNode cell(String column) throws IOException {
    return table().path("data").path(0).path(RequestRow.COLUMNS.indexOf(column));
  }

  @Test
  void failures_come_first_then_the_slowest_then_some_of_the_rest() throws IOException {
    addPlain(0, 1_000);
    for (int i = 1_000; i < 1_020; i++) {
      add(request("/" + i).timing(START, 10_000_000_000L).statusCode(500));
    }
    addPlain(2_000, 2_500);

    List<Integer> shown = shown();

    assertThat(shown).hasSize(100).doesNotHaveDuplicates();
    assertThat(shown.subList(0, 20)).isEqualTo(numbers(1_000, 1_020));
    assertThat(shown.subList(20, 60))
        .isEqualTo(IntStream.range(0, 40).mapToObj(i -> 999 - i).collect(Collectors.toList()));
    assertThat(shown.subList(60, 100)).isSorted();
  }

  @Test
  void the_rest_lies_evenly_among_all() throws IOException {
    addPlain(0, 20_000);
    List<Integer> rest = shown().subList(50, 100);
    for (int i = 0; i < 50; i++) {
      assertThat(rest.get(i)).isBetween(i * 400 + 380, i * 400 + 420);
    }
  }

  @Test
  void of_too_many_failures_those_that_lie_evenly_among_them_are_shown() throws IOException {
    for (int i = 0; i < 2_000; i++) {
      add(request("/" + i).statusCode(i % 2 == 0 ? 500 : 200));
    }
    assertThat(shown())
        .isEqualTo(IntStream.range(0, 100).mapToObj(i -> i * 20 + 18).collect(Collectors.toList()));
  }

  @Test
  void a_small_window_is_shown_whole() throws IOException {
    addPlain(0, 99);
    add(request("/99").error("E", "e"));
    assertThat(shown()).hasSize(100).containsAll(numbers(0, 100)).startsWith(99, 98);
  }

  @Test
  void a_row_is_that_of_the_file() throws IOException {
    add(
        request("/\\\"}],{[\u2028", "a=\"")
            .name("a, \"name\"")
            .error("E", "line\nline \\")
            .tag("]", "}\\")
            .metric(new Metric("m", 0.5, START, 3))
            .text("a.md", "{\"a\": [1]}"));
    JsonBytes copy = new JsonBytes();
    lines.copy(0, copy);
    JsonNode whole = JSON.readTree(copy.array(), 0, copy.size());

    JsonNode table = table();

    assertThat(table.path("columns"))
        .extracting(JsonNode::asText)
        .containsExactlyElementsOf(RequestRow.COLUMNS);
    assertThat(table.path("data").path(0)).containsExactlyElementsOf(whole);
  }

  @Test
  void what_a_row_leaves_out_is_empty_in_the_table() throws IOException {
    add(request("/first"));
    add(request("/later"));
    add(request("/named").name(",\"tags\":").text(",\"name\":", "").tag("t", ",\"params\":"));

    JsonNode rows = table().path("data");

    for (JsonNode one : rows) {
      assertThat(one).hasSameSizeAs(RequestRow.COLUMNS);
    }
    int route = RequestRow.COLUMNS.indexOf("route");
    int status = RequestRow.COLUMNS.indexOf("status");
    int last = RequestRow.COLUMNS.indexOf("event_id");
    for (int column = 0; column < last; column++) {
      if (column != ROUTE) {
        assertThat(rows.path(1).path(column)).isEqualTo(rows.path(0).path(column));
      }
    }
    assertThat(rows.path(1).path(route).isNull()).isTrue();
    assertThat(rows.path(1).path(status).asText()).isEqualTo("FINISHED");
    assertThat(rows.path(1).path(last).isTextual()).isTrue();
    assertThat(rows.path(2).path(RequestRow.COLUMNS.indexOf("name")).asText())
        .isEqualTo(",\"tags\":");
    assertThat(rows.path(2).path(RequestRow.COLUMNS.indexOf("params"))).hasToString("{}");
    assertThat(rows.path(2).path(RequestRow.COLUMNS.indexOf("metric_history"))).hasToString("[]");
  }

  @Test
  void a_long_text_is_cut_between_two_characters() throws IOException {
    for (int shift = 0; shift < 8; shift++) {
      String message = "x".repeat(shift) + "\u2028💥\\é".repeat(1_000);
      HighlightsTest one = new HighlightsTest();
      one.add(request("/").error("E", message));
      String shown = one.cell("error_details").asText();
      String mark = "… [cut; whole in requests.jsonl]";
      assertThat(shown).endsWith(mark).hasSizeBetween(600, 2_000);
      assertThat(message).startsWith(shown.substring(0, shown.length() - mark.length()));
    }
  }

  @Test
  void what_was_logged_is_cut_to_a_text() throws IOException {
    add(request("/").text("answer.md", "\"é\"\n".repeat(5_000)).tag("short", "tag"));
    assertThat(cell("texts").isTextual()).isTrue();
    assertThat(cell("texts").asText())
        .startsWith("{\"answer.md\":\"\\\"é\\\"\\n")
        .endsWith("… [cut; whole in requests.jsonl]")
        .hasSizeLessThan(2_100);
    assertThat(cell("tags")).hasToString("{\"short\":\"tag\"}");
  }

  @Test
  void the_same_window_has_the_same_highlights() throws IOException {
    addPlain(0, 3_000);
    assertThat(Body.sent(Highlights.body(lines, numbers)))
        .isEqualTo(Body.sent(Highlights.body(lines, numbers)));
  }

  @Test
  void a_window_without_requests_has_none() throws IOException {
    assertThat(table().path("data")).isEmpty();
  }

  @Test
  void the_description_says_where_the_rest_is() {
    assertThat(Highlights.description(101)).contains("`requests.jsonl`", "100 of 101 requests");
    assertThat(Highlights.description(100)).contains("`requests.jsonl`").doesNotContain(" of 100");
  }

  private static List<Integer> numbers(int from, int until) {
    return IntStream.range(from, until).boxed().collect(Collectors.toList());
  }
}
