// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.runtracker.sink.SinkException;
import org.junit.jupiter.api.Test;

class TrackerMetricsTest {

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  @Test
  void the_whole_ledger_is_published() {
    MemorySink sink = new MemorySink();
    sink.beforeCreate =
        event -> {
          if (event.target().path().equals("/poison")) {
            throw new SinkException(SinkException.Kind.REFUSED, "refused", null);
          }
        };
    try (Tracker tracker = Requests.tracker(sink).build()) {
      new TrackerMetrics(tracker).bindTo(registry);
      Requests.serve(tracker, "/poison", 1);
      int others = Requests.serveOthersUntilDropped(tracker, 1);
      int all = others + 1;

      assertThat(registry.get("runtracker.offered").functionCounter().count()).isEqualTo(all);
      assertThat(registry.get("runtracker.accepted").functionCounter().count()).isEqualTo(all);
      assertThat(registry.get("runtracker.delivered").functionCounter().count()).isEqualTo(others);
      assertThat(
              registry.get("runtracker.dropped").tag("reason", "REFUSED").functionCounter().count())
          .isEqualTo(1);
      assertThat(registry.get("runtracker.in.flight").gauge().value()).isZero();
    }
  }

  @Test
  void every_gauge_has_a_value() {
    try (Tracker tracker = Requests.tracker(new MemorySink()).build()) {
      new TrackerMetrics(tracker).bindTo(registry);
      for (String name :
          new String[] {
            "in.flight",
            "spooled",
            "ring.remaining",
            "queue.size",
            "queue.bytes",
            "server.away",
            "standing.still",
            "writing.windows"
          }) {
        assertThat(registry.get("runtracker." + name).gauge().value()).isNotNaN();
      }
      assertThat(registry.get("runtracker.standing.still").gauge().value()).isZero();
      assertThat(registry.get("runtracker.oldest.age").timeGauge().value()).isZero();
    }
  }
}
