// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.spool;

import io.runtracker.RequestEvent;
import io.runtracker.mlflow.MlflowSink;
import io.runtracker.sink.EncodedEvent;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.WindowDraft;
import io.runtracker.sink.WindowSink;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Windows are made as for MLflow, and then go nowhere: no server takes a core from the tracker. */
final class LoadSink implements WindowSink {

  /** As long as MLflow takes for a run. */
  private static final long RUN_MILLIS = 30;

  /** How it answers. */
  enum Manner {
    /** Windows at once, runs as fast as MLflow. */
    PROMPT,
    /** Every call fails at once. */
    AWAY,
    /** No call comes back. */
    HANGING
  }

  private final Manner manner;
  private final MlflowSink mlflow =
      MlflowSink.builder().environment(Map.of()).trackingUri("http://127.0.0.1:1").build();

  LoadSink(Manner manner) {
    this.manner = manner;
  }

  private void answer() throws SinkException, InterruptedException {
    if (manner == Manner.AWAY) {
      throw new SinkException(SinkException.Kind.UNAVAILABLE, "away", null);
    }
    if (manner == Manner.HANGING) {
      TimeUnit.DAYS.sleep(1);
    }
  }

  @Override
  public WindowDraft newWindow() {
    return new Draft(mlflow.newWindow());
  }

  private final class Draft implements WindowDraft {
    private final WindowDraft made;

    private Draft(WindowDraft made) {
      this.made = made;
    }

    @Override
    public void add(EncodedEvent event) throws IOException {
      made.add(event);
    }

    @Override
    public String create(RequestWindow window) throws SinkException, InterruptedException {
      answer();
      return "run";
    }

    @Override
    public void complete(String runId, RequestWindow window)
        throws SinkException, InterruptedException {
      answer();
    }
  }

  @Override
  public Optional<String> find(RequestWindow window) throws SinkException, InterruptedException {
    answer();
    return Optional.empty();
  }

  @Override
  public String create(RequestEvent event) throws SinkException, InterruptedException {
    answer();
    return "run";
  }

  @Override
  public void complete(String runId, RequestEvent event)
      throws SinkException, InterruptedException {
    answer();
    TimeUnit.MILLISECONDS.sleep(RUN_MILLIS);
  }

  @Override
  public Optional<String> find(RequestEvent event) throws SinkException, InterruptedException {
    answer();
    return Optional.empty();
  }

  @Override
  public void close() {
    mlflow.close();
  }
}
