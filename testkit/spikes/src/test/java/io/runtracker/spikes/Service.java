// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spikes;

import io.runtracker.RequestTarget;
import io.runtracker.Tracker;
import io.runtracker.adapter.OpenRequest;
import io.runtracker.sink.Sink;
import java.time.Duration;
import java.util.Map;

/** A service, as its adapter would make it one. */
final class Service {

  static final Duration LONG = Duration.ofMinutes(2);

  private Service() {}

  static Tracker tracker(Sink sink) {
    return Tracker.builder()
        .environment(Map.of())
        .sink(sink)
        .windowRows(10)
        .retryDelay(Duration.ofMillis(10))
        .shutdownHook(false)
        .build();
  }

  static void serve(Tracker tracker, String path, int status) {
    OpenRequest request =
        tracker.open("GET", new RequestTarget("http", "localhost", 8080, path, null));
    if (request != null) {
      request.end(status, null);
    }
  }
}
