// SPDX-License-Identifier: Apache-2.0
package service;

import io.micrometer.context.ContextSnapshotFactory;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.runtracker.RequestTarget;
import io.runtracker.TrackAs;
import io.runtracker.TrackedRequest;
import io.runtracker.Tracker;
import io.runtracker.TrackerMetrics;
import io.runtracker.adapter.OpenRequest;
import java.time.Duration;

/** A service without HTTP, which has Micrometer and a sink of its own. */
public final class Main {

  public static void main(String[] args) throws Exception {
    Tracker tracker = Tracker.builder().trackAs(TrackAs.RUN).build();
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    new TrackerMetrics(tracker).bindTo(registry);
    OpenRequest request = tracker.open("GET", new RequestTarget("http", "localhost", 80, "/", null));
    try (OpenRequest.Scope scope = request.makeCurrent()) {
      Runnable work = () -> TrackedRequest.current().param("thread", "another");
      Thread another =
          new Thread(ContextSnapshotFactory.builder().build().captureAll().wrap(work));
      another.start();
      another.join();
    }
    request.end(200, null);
    System.out.println("delivered: " + tracker.close(Duration.ofSeconds(30)).delivered());
    System.out.println(
        "counted: " + registry.get("runtracker.delivered").functionCounter().count());
  }
}
