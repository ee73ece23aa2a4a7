// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.delivery;

import io.runtracker.Ledger;
import io.runtracker.RequestTarget;
import io.runtracker.Tracker;
import io.runtracker.adapter.OpenRequest;
import io.runtracker.mlflow.MlflowSink;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;

/** Ours: requests into a tracker as a service has it, until all of them are delivered. */
final class TrackerWriter implements DeliveryRate.Writer {

  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private final Tracker tracker;

  TrackerWriter(URI server, int inFlight, boolean metric) {
    this.tracker =
        Tracker.builder()
            .environment(Map.of())
            .inFlight(inFlight)
            .sink(
                MlflowSink.builder()
                    .environment(Map.of())
                    .trackingUri(server.toString())
                    .durationMetric(metric)
                    .build())
            .shutdownHook(false)
            .build();
  }

  @Override
  public void write(int runs) {
    for (int i = 0; i < runs; i++) {
      RequestTarget target = new RequestTarget("http", "localhost", 8080, SampleRequest.PATH, null);
      OpenRequest request = Objects.requireNonNull(tracker.open(SampleRequest.METHOD, target));
      request.route(SampleRequest.ROUTE).end(200, null);
    }
    Ledger ledger = tracker.flush(PATIENCE);
    if (!ledger.isComplete()) {
      throw new IllegalStateException("not all was delivered: " + ledger);
    }
  }

  @Override
  public void close() {
    tracker.close();
  }
}
