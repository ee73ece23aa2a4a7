// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import io.runtracker.RequestEvent;
import io.runtracker.RequestTarget;
import io.runtracker.sink.EncodedEvent;
import io.runtracker.sink.RequestBatch;
import java.util.Arrays;

/** Batches as delivery hands them over. */
final class Batches {

  private Batches() {}

  /** Requests at these positions, each with its position as its number and in its path. */
  static RequestBatch of(String source, long settledBelow, long... positions) {
    return new RequestBatch(
        Arrays.stream(positions).mapToObj(position -> entry(source, position)).toList(),
        settledBelow);
  }

  private static RequestBatch.Entry entry(String source, long position) {
    RequestTarget target = new RequestTarget("http", "shop.example", 8080, "/" + position, null);
    RequestEvent event = RequestEvent.builder(source, position, "GET", target).build();
    return new RequestBatch.Entry(position, EncodedEvent.of(event));
  }
}
