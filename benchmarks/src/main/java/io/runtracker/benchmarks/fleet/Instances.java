// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.fleet;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.runtracker.Ledger;
import io.runtracker.RequestTarget;
import io.runtracker.Tracker;
import io.runtracker.adapter.OpenRequest;
import io.runtracker.kafka.KafkaSink;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * Trackers in one process, each as in an instance of a service, which serve at a fixed rate
 * together. Prints one line of JSON: what became of the requests.
 *
 * <p>Arguments: the broker's address, how many instances, requests a second of all, seconds.
 */
final class Instances {

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int ITEMS = 4_000;
  private static final int ONE_FAILS_IN = 33;
  private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private final List<Tracker> trackers = new ArrayList<>();
  private final List<RequestTarget> targets = new ArrayList<>();
  private long served;

  private Instances(String servers, int count) {
    for (int i = 0; i < count; i++) {
      trackers.add(
          Tracker.builder()
              .environment(Map.of())
              .sink(KafkaSink.builder().environment(Map.of()).bootstrapServers(servers).build())
              .closeTimeout(Duration.ZERO)
              .shutdownHook(false)
              .build());
    }
    for (int i = 0; i < ITEMS; i++) {
      targets.add(new RequestTarget("http", "shop.example", 8080, "/items/" + i, null));
    }
  }

  public static void main(String[] args) throws Exception {
    Instances instances = new Instances(args[0], Integer.parseInt(args[1]));
    instances.serve(Double.parseDouble(args[2]), Double.parseDouble(args[3]));
    System.out.println(new ObjectMapper().writeValueAsString(instances.close()));
  }

  /** What is due since the last tick is served at once, by one instance after the other. */
  private void serve(double perSecond, double seconds) throws InterruptedException {
    long begun = System.nanoTime();
    long end = begun + (long) (seconds * 1e9);
    for (long now = begun; now - end < 0; now = System.nanoTime()) {
      long due = (long) ((now - begun) / 1e9 * perSecond);
      while (served < due) {
        request();
      }
      TimeUnit.NANOSECONDS.sleep(TICK_NANOS);
    }
  }

  private void request() {
    int number = (int) (served++ % Integer.MAX_VALUE);
    Tracker tracker = trackers.get(number % trackers.size());
    OpenRequest request =
        Objects.requireNonNull(tracker.open("GET", targets.get(number % targets.size())));
    request.route("/items/{id}");
    request.end(number % ONE_FAILS_IN == 0 ? 500 : 200, null);
  }

  private Map<String, Long> close() {
    long delivered = 0;
    long dropped = 0;
    for (Tracker tracker : trackers) {
      tracker.flush(PATIENCE);
      Ledger ledger = tracker.close(Duration.ofSeconds(5));
      delivered += ledger.delivered();
      dropped += ledger.droppedTotal();
    }
    Map<String, Long> found = new LinkedHashMap<>();
    found.put("served", served);
    found.put("delivered", delivered);
    found.put("dropped", dropped);
    return found;
  }
}
