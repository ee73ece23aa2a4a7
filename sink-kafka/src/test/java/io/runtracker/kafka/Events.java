// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import io.runtracker.Metric;
import io.runtracker.RequestTarget;
import io.runtracker.internal.event.EventBytes;
import io.runtracker.internal.event.RecordedEvent;

/** Requests, of which some have everything that there is. */
final class Events {

  private static final long START = 1_700_000_000_123L;

  private Events() {}

  /** As most of a service are. */
  static RecordedEvent plain() {
    RequestTarget target = new RequestTarget("https", "shop.example", 443, "/orders/7", null);
    return RecordedEvent.builder()
        .of("0123456789abcdef", 42, "GET", target)
        .route("/orders/{id}")
        .timing(START, 1_234_567)
        .build();
  }

  /** Its process ended before it did. */
  static RecordedEvent killed() {
    RequestTarget target = new RequestTarget("http", "[::1]", 80, "*", null);
    return RecordedEvent.builder()
        .of("0123456789abcdef", 43, "OPTIONS", target)
        .statusCode(0)
        .killed(true)
        .timing(START, 0)
        .build();
  }

  /**
   * Whatever a request can have.
   *
   * @param text is in each of its texts
   */
  static RecordedEvent.Builder full(String text) {
    RequestTarget target = new RequestTarget("http", "h", 8443, "/a b?" + text, "q=" + text);
    return RecordedEvent.builder()
        .of("a-source", -7, "PATCH", target)
        .route("/{x}")
        .name("name " + text)
        .statusCode(599)
        .ownData(true)
        .timing(START, 61_000_000_001L)
        .error("java.lang.Error", text)
        .tag("tag", text)
        .tag("", "")
        .tag(text, "by its key")
        .param("param", text)
        .text("f.txt", text + "\n")
        .metric(new Metric("loss", 0.1, START, 1))
        .metric(new Metric("loss", Double.NaN, -1, Long.MIN_VALUE))
        .metric(new Metric(text, Double.NEGATIVE_INFINITY, Long.MAX_VALUE, 3))
        .metric(new Metric("zero", -0.0, 0, 0));
  }

  static EventBytes bytes(RecordedEvent event, boolean isSlow) {
    return EventBytes.of(event, isSlow);
  }
}
