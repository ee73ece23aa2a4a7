// SPDX-License-Identifier: Apache-2.0

import io.runtracker.Metric;
import io.runtracker.RequestEvent;
import io.runtracker.RequestTarget;
import io.runtracker.mlflow.MlflowSink;
import io.runtracker.sink.EncodedEvent;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.WindowDraft;
import java.time.Instant;
import java.util.Map;
import java.util.Random;

/**
 * Writes windows of several sizes, with what a service records, into an MLflow server. The same
 * every time. Where to is said by MLflow's variables, how large by the arguments; {@code 600-plain}
 * is a window of 600 requests that neither failed nor logged anything.
 */
final class Sizes {

  private static final String PLAIN = "-plain";
  private static final Instant MIDNIGHT = Instant.parse("2026-11-20T00:00:00Z");
  private static final String FAILURE = "java.lang.IllegalStateException: no stock of item 4711\n";
  private static final String ANSWER = "The model thinks that \"this\" is what was meant.\n";

  /** Of the kinds of {@link #request}, one with nothing to it. */
  private static final int PLAIN_KIND = 99;

  private final Random random = new Random(42);
  private int sequence;

  public static void main(String[] arguments) throws Exception {
    Sizes sizes = new Sizes();
    try (MlflowSink sink = MlflowSink.fromEnvironment()) {
      for (String size : arguments) {
        boolean isPlain = size.endsWith(PLAIN);
        int rows = Integer.parseInt(size.replace(PLAIN, ""));
        sizes.write(sink, size, rows, isPlain);
      }
    }
  }

  private void write(MlflowSink sink, String size, int rows, boolean isPlain) throws Exception {
    WindowDraft draft = sink.newWindow();
    long start = MIDNIGHT.toEpochMilli() + rows + (isPlain ? 1 : 0);
    Instant end = Instant.EPOCH;
    for (int i = 0; i < rows; i++) {
      RequestEvent request = request(start + i, isPlain ? PLAIN_KIND : random.nextInt(100));
      draft.add(EncodedEvent.of(request));
      end = request.endTime().isAfter(end) ? request.endTime() : end;
    }
    RequestWindow window =
        new RequestWindow("window-of-" + size, Instant.ofEpochMilli(start), end, rows, Map.of());
    draft.complete(draft.create(window), window);
  }

  /**
   * Of a hundred, four fail with a message of 2 kB, one has a text of 20 kB, ten log params and
   * metrics, and fifteen of the others have a query.
   */
  private RequestEvent request(long at, int kind) {
    boolean isPost = kind < 15;
    int number = random.nextInt(900) + 100;
    String query = kind >= 15 && kind < 30 ? "page=" + number + "&sort=price,desc" : null;
    String path = isPost ? "/orders" : "/items/" + number;
    RequestEvent.Builder request =
        RequestEvent.builder(
                "shop-0123456789abcdef",
                ++sequence,
                isPost ? "POST" : "GET",
                new RequestTarget("https", "shop.example", 443, path, query))
            .route(isPost ? "/orders" : "/items/{id}")
            .timing(at, (long) (5e6 * Math.exp(random.nextGaussian())));
    if (kind < 4) {
      request.statusCode(500).error("java.lang.IllegalStateException", FAILURE.repeat(36));
    } else if (kind == 4) {
      request.text("answer.md", ANSWER.repeat(410));
    } else if (isPost) {
      request.param("model", "m" + number % 3).param("temperature", "0.7");
      request.metric(new Metric("score", number / 1_000.0, at, 0));
      request.metric(new Metric("tokens", number, at, 0));
    }
    return request.build();
  }
}
