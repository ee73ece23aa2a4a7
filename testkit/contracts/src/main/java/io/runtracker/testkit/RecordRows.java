// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.Metric;
import io.runtracker.RequestEvent;
import io.runtracker.Tracker;
import io.runtracker.testkit.Wire.Answer;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Rows 1 and 33 to 38: what is recorded of a request. */
abstract class RecordRows extends ContractFixture {

  @Test
  @DisplayName("1: a request is recorded once, with all that is known of it")
  void recordsARequestOnce() throws Exception {
    long before = System.currentTimeMillis();
    RequestEvent event = record(Endpoint.ITEM, 42);
    assertFinished(event, 200);
    assertThat(event.method()).isEqualTo("GET");
    assertThat(event.route()).isEqualTo(route(Endpoint.ITEM));
    assertThat(event.target().scheme()).isEqualTo("http");
    assertThat(event.target().host()).isEqualTo("localhost");
    assertThat(event.params()).containsExactly(Map.entry("item", "42"));
    assertThat(event.tags()).isEmpty();
    assertThat(event.startTime().toEpochMilli()).isBetween(before, System.currentTimeMillis());
    assertThat(event.runName()).startsWith("GET_/items/42_");
  }

  @Test
  @DisplayName("1: requests one after the other are as many records")
  void recordsEveryRequest() throws Exception {
    for (int i = 0; i < 50; i++) {
      assertThat(get(Endpoint.ITEM, i).body()).isEqualTo(String.valueOf(i));
    }
    List<RequestEvent> events = sink.takeNext(50);
    assertThat(events.stream().map(RequestEvent::eventId)).doesNotHaveDuplicates();
    assertThat(events.stream().map(e -> e.params().get("item")))
        .containsExactlyInAnyOrderElementsOf(
            IntStream.range(0, 50).mapToObj(String::valueOf).toList());
  }

  @Test
  @DisplayName("1: everything the handler logs is in the record")
  void recordsWhatTheHandlerLogs() throws Exception {
    RequestEvent event = record(Endpoint.NOTES);
    assertThat(event.tags()).containsExactly(Map.entry("model", "tiny"));
    assertThat(event.params()).containsExactly(Map.entry("temperature", "0.5"));
    assertThat(event.metrics().stream().map(Metric::value)).containsExactly(0.25, 0.125);
    assertThat(event.texts()).containsExactly(Map.entry("prompt.txt", "Hello, server"));
  }

  @Test
  @DisplayName("1: a request that its handler drops is not recorded")
  void leavesOutDroppedRequests() throws Exception {
    assertThat(get(Endpoint.DROP).body()).isEqualTo("hello");
    assertFinished(record(Endpoint.HELLO), 200);
  }

  @Test
  @DisplayName("1: the body of a request reaches its handler untouched")
  void leavesTheBodyAlone() throws Exception {
    needs(Endpoint.ECHO);
    String body = "x".repeat(100_000);
    Answer answer = Wire.send(port(), "POST", "/echo", "Content-Type: text/plain\r\n", body);
    assertThat(answer.body()).isEqualTo(body);
    assertThat(sink.takeNext().method()).isEqualTo("POST");
  }

  @Test
  @DisplayName("33: the path has no query, and secrets in the query are redacted")
  void keepsPathAndQueryApart() throws Exception {
    Wire.send(port(), "GET", "/items/5?q=1&token=secret");
    RequestEvent event = sink.takeNext();
    assertThat(event.target().path()).isEqualTo("/items/5");
    assertThat(event.target().query()).contains("q=1").doesNotContain("secret");
    assertThat(event.target().url()).startsWith("http://localhost").contains("/items/5?q=1");
  }

  @Test
  @DisplayName("33: an escaped path is recorded as sent")
  void keepsEscapes() throws Exception {
    assertThat(Wire.send(port(), "GET", "/items/%C3%A9%20b").status()).isEqualTo(200);
    assertThat(sink.takeNext().target().path()).isEqualTo("/items/%C3%A9%20b");
  }

  @Test
  @DisplayName("33: a host that is an IPv6 address has its brackets in the URL")
  void keepsTheBracketsOfAnAddress() throws Exception {
    try (Wire wire = new Wire(port())) {
      wire.write("GET /items/6 HTTP/1.1\r\nHost: [::1]:8080\r\nConnection: close\r\n\r\n");
      assertThat(wire.readToEnd()).contains(" 200 ");
    }
    assertThat(sink.takeNext().target().url()).isEqualTo("http://[::1]:8080/items/6");
  }

  @Test
  @DisplayName("34: method and path are those of the beginning, whatever dispatches make of them")
  void readsMethodAndPathAtEntry() throws Exception {
    assertThat(send("POST", Endpoint.ASYNC_DISPATCH, "").body()).isEqualTo("9");
    RequestEvent event = sink.takeNext();
    assertThat(event.method()).isEqualTo("POST");
    assertThat(event.target().path()).isEqualTo("/async-dispatch");
  }

  @Test
  @DisplayName("35: HEAD is recorded with its route")
  void recordsHead() throws Exception {
    assertThat(send("HEAD", Endpoint.ITEM, 1).body()).isEmpty();
    RequestEvent event = sink.takeNext();
    assertThat(event.method()).isEqualTo("HEAD");
    assertThat(event.route()).isEqualTo(route(Endpoint.ITEM));
  }

  @Test
  @DisplayName("36: OPTIONS is recorded with what it is answered")
  void recordsOptions() throws Exception {
    Answer answer = send("OPTIONS", Endpoint.HELLO, "");
    RequestEvent event = sink.takeNext();
    assertThat(event.method()).isEqualTo("OPTIONS");
    assertThat(event.statusCode()).isEqualTo(answer.status());
  }

  @Test
  @DisplayName("36: OPTIONS, TRACE and HEAD have the same headers with and without tracking")
  void changesNoHeader() throws Exception {
    List<Endpoint> endpoints = List.of(Endpoint.PLAIN, Endpoint.ROOT, Endpoint.HELLO);
    RecordingSink own = new RecordingSink();
    try (Tracker second = newTracker(own);
        RunningServer with = start(second, application, Setup.PLAIN);
        RunningServer without = start(second, application, Setup.UNTRACKED)) {
      for (Endpoint endpoint : endpoints) {
        for (String method : List.of("OPTIONS", "TRACE", "HEAD", "GET")) {
          assertThat(headers(with, method, endpoint))
              .as("%s %s", method, endpoint)
              .isEqualTo(headers(without, method, endpoint));
        }
      }
      second.flush(RecordingSink.PATIENCE);
      assertThat(own.takeAll()).hasSizeGreaterThanOrEqualTo(endpoints.size() * 3);
    }
  }

  private static List<String> headers(RunningServer server, String method, Endpoint endpoint)
      throws Exception {
    return Wire.send(server.port(), method, endpoint.template())
        .head()
        .lines()
        .filter(line -> !line.startsWith("Date:"))
        .sorted()
        .toList();
  }

  @Test
  @DisplayName("37: methods nobody has heard of are recorded with what they are answered")
  void recordsOddMethods() throws Exception {
    for (String method : List.of("PROPFIND", "PATCH", "BREW", "X-1")) {
      Answer answer = send(method, Endpoint.HELLO, "");
      RequestEvent event = sink.takeNext();
      assertThat(event.method()).isEqualTo(method);
      assertThat(event.statusCode()).isEqualTo(answer.status());
    }
  }

  @Test
  @DisplayName("38: a redirect is finished")
  void recordsARedirect() throws Exception {
    assertFinished(record(Endpoint.REDIRECT), 302);
  }
}
