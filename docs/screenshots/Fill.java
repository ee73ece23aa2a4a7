// SPDX-License-Identifier: Apache-2.0

import io.runtracker.Metric;
import io.runtracker.RequestEvent;
import io.runtracker.RequestTarget;
import io.runtracker.mlflow.MlflowSink;
import io.runtracker.sink.EncodedEvent;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.WindowDraft;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Fills an MLflow server with a day of a shop: windows of five minutes, an hour of trouble, and
 * failures with runs of their own. The same every time. Where to is said by MLflow's variables.
 */
final class Fill {

  private static final Instant MIDNIGHT = Instant.parse("2026-11-20T00:00:00Z");
  private static final long WINDOW_MILLIS = 300_000;
  private static final int WINDOWS = 288;
  /** The last windows; in them failures have runs of their own. */
  private static final int ALONE = 3;

  private static final int TROUBLE_FROM = 15 * 12 + 3;
  private static final int TROUBLE_UNTIL = 16 * 12 + 1;

  private record Route(String method, String template, double share, double millis) {}

  private static final List<Route> ROUTES =
      List.of(
          new Route("GET", "/items/{id}", 0.55, 4),
          new Route("GET", "/items", 0.20, 18),
          new Route("POST", "/orders", 0.15, 35),
          new Route("POST", "/predict", 0.10, 80));

  private final Random random = new Random(42);
  private int sequence;

  public static void main(String[] arguments) throws Exception {
    Fill fill = new Fill();
    try (MlflowSink sink = MlflowSink.fromEnvironment()) {
      fill.fill(sink, 0, WINDOWS - 1);
    }
    // A sink moves the end of the day once a minute, and this whole day takes no longer.
    try (MlflowSink sink = MlflowSink.fromEnvironment()) {
      fill.fill(sink, WINDOWS - 1, WINDOWS);
    }
  }

  private void fill(MlflowSink sink, int from, int until) throws Exception {
    for (int number = from; number < until; number++) {
      WindowDraft draft = sink.newWindow();
      Instant end = Instant.EPOCH;
      int size = 0;
      long start = MIDNIGHT.toEpochMilli() + number * WINDOW_MILLIS;
      int count = count(number);
      for (int i = 0; i < count; i++) {
        long at = start + i * (WINDOW_MILLIS - 2_000) / count;
        RequestEvent request = request(at, isTrouble(number));
        if (number >= WINDOWS - ALONE && request.statusCode() >= 500) {
          sink.complete(sink.create(request), request);
        } else {
          draft.add(EncodedEvent.of(request));
          size++;
          end = request.endTime().isAfter(end) ? request.endTime() : end;
        }
      }
      RequestWindow window =
          new RequestWindow(
              "shop-window-" + number, Instant.ofEpochMilli(start), end, size, Map.of());
      draft.complete(draft.create(window), window);
    }
  }

  /** Few at night, most in the evening. */
  private int count(int number) {
    double hour = number / 12.0;
    double day = 0.55 - 0.45 * Math.cos((hour - 4) / 24 * 2 * Math.PI);
    return (int) (400 * day * (0.92 + 0.16 * random.nextDouble()));
  }

  private static boolean isTrouble(int number) {
    return number >= TROUBLE_FROM && number < TROUBLE_UNTIL;
  }

  private RequestEvent request(long at, boolean trouble) {
    Route route = route();
    String path = route.template.replace("{id}", Integer.toString(random.nextInt(900) + 100));
    double millis = route.millis * Math.exp(0.5 * random.nextGaussian()) * (trouble ? 6 : 1);
    boolean fails = random.nextDouble() < (trouble ? 0.6 : 0.008);
    RequestEvent.Builder request =
        RequestEvent.builder(
                "shop",
                ++sequence,
                route.method,
                new RequestTarget("https", "shop.example", 443, path, null))
            .route(route.template)
            .timing(at, (long) (millis * 1e6))
            .statusCode(fails ? 503 : route.template.equals("/orders") ? 201 : 200);
    if (fails) {
      request.error("java.sql.SQLTransientConnectionException", "no connection within 1000 ms");
    } else if (route.template.equals("/predict")) {
      request.param("model", "m" + (1 + random.nextInt(3)));
      request.metric(new Metric("score", Math.round(random.nextDouble() * 100) / 100.0, at, 0));
    }
    return request.build();
  }

  private Route route() {
    double choice = random.nextDouble();
    for (Route route : ROUTES) {
      choice -= route.share;
      if (choice < 0) {
        return route;
      }
    }
    return ROUTES.get(0);
  }
}
