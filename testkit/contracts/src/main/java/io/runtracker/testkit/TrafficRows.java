// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.RequestEvent;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Rows 43 to 45: many requests at once, streams and upgrades. */
abstract class TrafficRows extends DispatchRows {

  @Test
  @DisplayName("43: requests served at once do not mix")
  void keepsConcurrentRequestsApart() throws Exception {
    List<RequestEvent> events = sendAtOnce(1000, i -> "/items/" + i);
    assertThat(events)
        .allSatisfy(
            e -> assertThat(e.target().path()).isEqualTo("/items/" + e.params().get("item")));
    assertThat(paths(events)).hasSize(1000);
  }

  @Test
  @DisplayName("43: requests in one pipeline do not mix")
  void keepsPipelinedRequestsApart() throws Exception {
    int count = 100;
    StringBuilder pipeline = new StringBuilder();
    for (int i = 0; i < count; i++) {
      String last = i == count - 1 ? "Connection: close\r\n" : "";
      String path = i % 3 == 1 ? "/async?n=" + i : "/items/" + i;
      pipeline.append(Wire.request("GET", path, last, ""));
    }
    try (Wire wire = new Wire(port())) {
      wire.write(pipeline.toString());
      assertThat(wire.readToEnd().split("HTTP/1.1 200")).hasSize(count + 1);
    }
    List<RequestEvent> events = sink.takeNext(count);
    for (RequestEvent event : events) {
      assertFinished(event, 200);
      if (event.target().path().equals("/async")) {
        assertThat(event.params()).isEmpty();
        assertThat(event.metrics()).hasSize(1);
      } else {
        assertThat(event.target().path()).isEqualTo("/items/" + event.params().get("item"));
        assertThat(event.metrics()).isEmpty();
      }
    }
  }

  @Test
  @DisplayName("44: a stream ends when its last byte is written")
  void waitsForTheEndOfAStream() throws Exception {
    assertEndsAfterGate(Endpoint.STREAM);
  }

  @Test
  @DisplayName("44: so does a stream of events")
  void waitsForTheEndOfEvents() throws Exception {
    assertEndsAfterGate(Endpoint.EVENTS);
  }

  private void assertEndsAfterGate(Endpoint endpoint) throws Exception {
    needs(endpoint);
    try (Wire wire = new Wire(port())) {
      String headers = "Accept: text/event-stream, */*\r\nConnection: close\r\n";
      wire.write(Wire.request("GET", endpoint.template(), headers, ""));
      assertThat(wire.readUntil("first")).contains("200");
      tracker().flush(RecordingSink.PATIENCE);
      assertThat(sink.takeAll()).isEmpty();
      application.openGate();
      assertThat(wire.readToEnd()).contains("last");
    }
    RequestEvent event = sink.takeNext();
    assertFinished(event, 200);
    assertThat(event.route()).isEqualTo(route(endpoint));
  }

  @Test
  @DisplayName("45: a connection that is upgraded is recorded with 101")
  void recordsAnUpgrade() throws Exception {
    needs(Endpoint.UPGRADE);
    try (Wire wire = new Wire(port())) {
      String headers = "Connection: Upgrade\r\nUpgrade: " + upgradeTo();
      wire.write(Wire.request("GET", "/upgrade", headers + "\r\n", ""));
      assertThat(wire.readUntil("\r\n\r\n")).contains(" 101 ");
    }
    assertFinished(sink.takeNext(), 101);
  }
}
