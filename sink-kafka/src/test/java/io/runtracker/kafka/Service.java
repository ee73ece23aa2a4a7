// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import io.runtracker.RequestTarget;
import io.runtracker.Tracker;
import io.runtracker.adapter.OpenRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A service with a spool, as a process of its own that a test kills. It serves requests without
 * end, the paths of which are numbers, and prints each number once the request is in the log.
 */
final class Service {

  private Service() {}

  public static void main(String[] arguments) throws Exception {
    int first = Integer.parseInt(arguments[3]);
    int last = Integer.parseInt(arguments[4]);
    try (Tracker tracker = tracker(arguments[0], arguments[1], Path.of(arguments[2]))) {
      for (int i = first; i < last; i++) {
        open(tracker, "/" + i).end(200, null);
        if (i % 50 == 49) {
          awaitSpooled(tracker);
          System.out.println(i + 1);
          TimeUnit.MILLISECONDS.sleep(2);
        }
      }
      System.exit(tracker.flush(Duration.ofMinutes(2)).isComplete() ? 0 : 1);
    }
  }

  /** What is on no disk yet when a process dies is promised to nobody. */
  private static void awaitSpooled(Tracker tracker) throws InterruptedException {
    while (tracker.stats().ledger().inFlight() > 0) {
      TimeUnit.MILLISECONDS.sleep(1);
    }
  }

  private static Tracker tracker(String servers, String topic, Path spool) {
    return Tracker.builder()
        .environment(Map.of())
        .sink(
            KafkaSink.builder()
                .environment(Map.of())
                .bootstrapServers(servers)
                .topic(topic)
                .build())
        .spool(spool)
        .windowRows(100)
        .windowAge(Duration.ofMillis(20))
        .retryDelay(Duration.ofMillis(20))
        .maxRetryDelay(Duration.ofMillis(200))
        .shutdownHook(false)
        .build();
  }

  static OpenRequest open(Tracker tracker, String path) {
    OpenRequest request =
        tracker.open("GET", new RequestTarget("http", "shop.example", 8080, path, null));
    if (request == null) {
      throw new IllegalStateException(path + " is not tracked");
    }
    return request;
  }
}
