// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.capture;

import io.runtracker.RequestEvent;
import io.runtracker.RequestTarget;
import io.runtracker.TrackAs;
import io.runtracker.Tracker;
import io.runtracker.adapter.OpenRequest;
import io.runtracker.internal.capture.EndInSteps;
import io.runtracker.mlflow.MlflowSink;
import io.runtracker.sink.EncodedEvent;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.RunSink;
import io.runtracker.sink.WindowDraft;
import io.runtracker.sink.WindowSink;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;

/** What an adapter does, without the adapter. */
final class RuntrackerSubject implements Subject {

  private static final String BATCHER = "runtracker-batcher";

  /** As many as OpenTelemetry's processor exports at once; and a burst of one thread. */
  private static final int WINDOW_ROWS = 512;

  private static final Duration WINDOW_AGE = Duration.ofSeconds(1);

  private final NowhereSink sink = new NowhereSink();
  private final Tracker tracker;

  RuntrackerSubject(Ending ending) {
    Tracker.Builder builder =
        Tracker.builder()
            .environment(Map.of())
            .ringSize(CAPACITY)
            .closeTimeout(Duration.ZERO)
            .shutdownHook(false);
    switch (ending) {
      case WELL ->
          builder
              .sink(sink)
              .trackAs(TrackAs.WINDOW)
              .windowRows(WINDOW_ROWS)
              .windowAge(WINDOW_AGE)
              .queueSize(4 * CAPACITY)
              .queueBytes(1L << 30);
      case DEAD -> builder.sink(deadServer());
      // The batcher never waits for a sink. But it logs, and a logger may hold it up.
      case STUCK -> {
        LogbackSetup.holdUp(BATCHER);
        builder.sink(deadServer()).queueSize(1);
      }
    }
    this.tracker = builder.build();
  }

  private static RunSink deadServer() {
    return MlflowSink.builder().environment(Map.of()).trackingUri("http://127.0.0.1:1").build();
  }

  @Override
  @SuppressWarnings("try") // a scope is there to be closed
  public void request() {
    OpenRequest request = open();
    try (OpenRequest.Scope scope = request.makeCurrent()) {
      request.route(ROUTE);
    }
    request.end(STATUS, null);
  }

  @Override
  public Object prepare() {
    OpenRequest request = open().route(ROUTE);
    EndInSteps.end(request);
    return request;
  }

  @Override
  public void publish(Object prepared) {
    EndInSteps.publish((OpenRequest) prepared, STATUS);
  }

  private OpenRequest open() {
    RequestTarget target = new RequestTarget("http", HOST, PORT, PATH, null);
    return Objects.requireNonNull(tracker.open(METHOD, target));
  }

  @Override
  public long consumed() {
    return sink.completed.sum();
  }

  @Override
  public boolean owns(String threadName) {
    return threadName.startsWith("runtracker-");
  }

  @Override
  public void close() {
    LogbackSetup.letGo();
    tracker.close();
  }

  private static final class NowhereSink implements WindowSink {
    private final LongAdder completed = new LongAdder();

    @Override
    public WindowDraft newWindow() {
      return new Nowhere();
    }

    private final class Nowhere implements WindowDraft {
      @Override
      public void add(EncodedEvent event) {}

      @Override
      public String create(RequestWindow window) {
        return "run";
      }

      @Override
      public void complete(String runId, RequestWindow window) {
        completed.add(window.size());
      }
    }

    @Override
    public Optional<String> find(RequestWindow window) {
      return Optional.empty();
    }

    @Override
    public String create(RequestEvent event) {
      return "run";
    }

    @Override
    public void complete(String runId, RequestEvent event) {
      completed.increment();
    }

    @Override
    public Optional<String> find(RequestEvent event) {
      return Optional.empty();
    }

    @Override
    public void close() {}
  }
}
