// SPDX-License-Identifier: Apache-2.0
package io.runtracker.examples;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.runtracker.Ledger;
import io.runtracker.TrackedRequest;
import io.runtracker.Tracker;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** The answers of the example services, the same on every framework. */
public final class Service implements AutoCloseable {

  /** How many chunks {@code /stream} sends, and the pause before each in milliseconds. */
  public static final int CHUNKS = 5;

  public static final int CHUNK_MILLIS = 200;

  private static final long LONGEST_MILLIS = 60_000;

  private final Model model = new Model();
  private final ObjectMapper json = new ObjectMapper();
  private final ScheduledExecutorService later =
      Executors.newScheduledThreadPool(
          2,
          work -> {
            Thread thread = new Thread(work, "service-later");
            thread.setDaemon(true);
            return thread;
          });

  /** The port to listen on: the variable {@code PORT}, else 8080. */
  public static int port() {
    return Integer.parseInt(System.getenv().getOrDefault("PORT", "8080"));
  }

  public String hello() {
    return "hello\n";
  }

  public String item(String id) {
    return "item " + id + "\n";
  }

  /** What a model says of the input; logs nothing. */
  public String score(String input) {
    return "score " + model.score(input) + "\n";
  }

  /** A prediction that logs what a data scientist wants to see of it into its run. */
  public String predict(String input) {
    double score = model.score(input);
    TrackedRequest.current()
        .param("model", "example-1")
        .metric("score", score)
        .tag("kind", "prediction")
        .text("input.txt", input);
    return "score " + score + "\n";
  }

  /** What {@code /boom} throws. */
  public IllegalStateException boom() {
    return new IllegalStateException("boom");
  }

  /**
   * Answers after a while on another thread, and logs a metric there: by the handle, because that
   * thread has no current request.
   */
  public void slow(long millis, TrackedRequest request, Runnable answer) {
    long pause = Math.max(0, Math.min(millis, LONGEST_MILLIS));
    later.schedule(
        () -> {
          request.metric("slept_ms", (double) pause);
          answer.run();
        },
        pause,
        TimeUnit.MILLISECONDS);
  }

  public String chunk(int number) {
    return "chunk " + number + "\n";
  }

  /** The tracker's ledger as JSON. */
  public String ledger(Tracker tracker) {
    Ledger ledger = tracker.stats().ledger();
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("offered", ledger.offered());
    fields.put("accepted", ledger.accepted());
    fields.put("delivered", ledger.delivered());
    fields.put("inFlight", ledger.inFlight());
    fields.put("spooled", ledger.spooled());
    fields.put("dropped", ledger.dropped());
    try {
      return json.writeValueAsString(fields);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    later.shutdownNow();
  }
}
