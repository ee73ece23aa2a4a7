// SPDX-License-Identifier: Apache-2.0

import io.runtracker.RequestTarget;
import io.runtracker.TrackAs;
import io.runtracker.TrackedRequest;
import io.runtracker.Tracker;
import io.runtracker.TrackerStats;
import io.runtracker.adapter.OpenRequest;
import io.runtracker.mlflow.MlflowSink;
import java.time.Duration;
import java.util.Map;

/**
 * Requests of a small service, tracked as they would be in it. Prints how many were delivered, of how many,
 * and the last error, a line each.
 *
 * <p>Run by {@code try_versions.py} with a server, an experiment's name, and {@code RUN}, {@code WINDOW} or
 * {@code LONG}: runs with values as long as the newest MLflow takes them.
 */
final class Flow {

  private static final Duration PATIENCE = Duration.ofSeconds(15);

  private Flow() {}

  public static void main(String[] arguments) {
    String what = arguments[2];
    MlflowSink sink =
        MlflowSink.builder()
            .environment(Map.of("HOSTNAME", "web-1"))
            .trackingUri(arguments[0])
            .experiment(arguments[1])
            .serviceName("shop")
            .build();
    try (Tracker tracker =
        Tracker.builder()
            .environment(Map.of())
            .sink(sink)
            .trackAs(what.equals("WINDOW") ? TrackAs.WINDOW : TrackAs.RUN)
            .retryDelay(Duration.ofMillis(200))
            .closeTimeout(Duration.ZERO)
            .build()) {
      if (what.equals("LONG")) {
        handle(tracker, "/param", run -> run.param("long", "p".repeat(6_000)));
        handle(tracker, "/tag", run -> run.tag("long", "t".repeat(8_000)));
      } else {
        handle(tracker, "/items/7", run -> run.param("model", "m1").metric("score", 0.5));
        handle(tracker, "/items/8", run -> run.metric("a:b", 1).param("p:q", "v").tag("t:u", "w"));
        handle(tracker, "/items/9", run -> run.text("prompt.txt", "Grüße an alle"));
        handle(
            tracker,
            "/boom",
            run -> {
              throw new IllegalStateException("out of stock");
            });
      }
      tracker.flush(PATIENCE);
      TrackerStats stats = tracker.stats();
      System.out.println(stats.ledger().delivered());
      System.out.println(stats.ledger().offered());
      System.out.println(stats.lastError());
    }
  }

  private interface Handler {
    void handle(TrackedRequest run);
  }

  private static void handle(Tracker tracker, String path, Handler handler) {
    OpenRequest request =
        tracker.open("GET", new RequestTarget("http", "shop.example", 80, path, null));
    IllegalStateException thrown = null;
    try (OpenRequest.Scope scope = request.makeCurrent()) {
      handler.handle(TrackedRequest.current());
    } catch (IllegalStateException e) {
      thrown = e;
    }
    request.route(path.replaceFirst("/\\d+$", "/{id}")).end(thrown == null ? 200 : 500, thrown);
  }
}
