// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spikes;

import io.runtracker.Ledger;
import io.runtracker.RequestTarget;
import io.runtracker.TrackAs;
import io.runtracker.Tracker;
import io.runtracker.adapter.OpenRequest;
import io.runtracker.sink.WindowSink;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A service with a spool. As a process of its own it delivers what is in the spool, and ends. */
final class Service {

  static final Duration LONG = Duration.ofMinutes(2);

  private Service() {}

  public static void main(String[] arguments) throws Exception {
    TopicSink sink = new TopicSink(arguments[0], TopicSpikeTest.TOPIC, "one");
    try (Tracker tracker = tracker(sink, Path.of(arguments[1]))) {
      Ledger ledger = tracker.flush(LONG);
      System.exit(ledger.isComplete() ? 0 : 1);
    }
  }

  static Tracker tracker(WindowSink sink, @Nullable Path spool) {
    Tracker.Builder builder =
        Tracker.builder()
            .environment(Map.of())
            .sink(sink)
            .trackAs(TrackAs.WINDOW)
            .windowRows(10)
            .retryDelay(Duration.ofMillis(10))
            .lookupDelay(Duration.ofMillis(10))
            .shutdownHook(false);
    return (spool == null ? builder : builder.spool(spool)).build();
  }

  static void serve(Tracker tracker, String path, int status) {
    OpenRequest request =
        tracker.open("GET", new RequestTarget("http", "localhost", 8080, path, null));
    if (request != null) {
      request.end(status, null);
    }
  }
}
