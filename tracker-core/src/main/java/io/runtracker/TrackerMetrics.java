// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/**
 * Publishes {@link TrackerStats} to Micrometer. Needs {@code micrometer-core}, which Runtracker
 * does not bring along.
 *
 * <p>Counters: {@code runtracker.offered}, {@code .accepted}, {@code .delivered}, {@code .dropped}
 * (tag {@code reason}), {@code .retries}, {@code .ignored.writes}. Gauges: {@code runtracker.open},
 * {@code .in.flight}, {@code .spooled}, {@code .spool.bytes}, {@code .ring.remaining}, {@code
 * .queue.size}, {@code .queue.bytes}, {@code .oldest.age}, {@code .server.away} (1 while delivery
 * pauses), {@code .standing.still} (stages that have not come round for half a minute) and {@code
 * .writing.windows} (1 while requests are written in windows).
 */
@SuppressWarnings("exports") // Micrometer is for those who have it, see module-info
public final class TrackerMetrics implements MeterBinder {

  private final Tracker tracker;

  /** Metrics of one tracker; the registry keeps it reachable. */
  public TrackerMetrics(Tracker tracker) {
    this.tracker = tracker;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    bindCounters(registry);
    bindGauges(registry);
  }

  private void bindCounters(MeterRegistry registry) {
    counter(registry, "offered", "Requests that ended while tracked", s -> s.ledger().offered());
    counter(registry, "accepted", "Requests taken into the ring", s -> s.ledger().accepted());
    counter(registry, "delivered", "Requests whose run is written", s -> s.ledger().delivered());
    counter(registry, "retries", "Deliveries tried again", TrackerStats::retries);
    counter(registry, "ignored.writes", "Writes to a handle ignored", TrackerStats::ignoredWrites);
    for (DropReason reason : DropReason.values()) {
      FunctionCounter.builder(
              "runtracker.dropped",
              tracker,
              t -> t.stats().ledger().dropped().getOrDefault(reason, 0L))
          .description("Requests lost")
          .tag("reason", reason.name())
          .register(registry);
    }
  }

  private void bindGauges(MeterRegistry registry) {
    gauge(registry, "open", "Requests that have begun and not ended", TrackerStats::open);
    gauge(registry, "in.flight", "Requests in memory", s -> s.ledger().inFlight());
    gauge(registry, "spooled", "Requests that wait on disk", s -> s.ledger().spooled());
    gauge(registry, "ring.remaining", "Free slots of the ring", TrackerStats::ringRemaining);
    gauge(registry, "queue.size", "Requests that wait for delivery", TrackerStats::queueSize);
    gauge(registry, "server.away", "1 while delivery pauses", s -> s.serverAway() ? 1 : 0);
    gauge(
        registry,
        "standing.still",
        "Stages that have not come round for half a minute",
        s -> s.standingStill().size());
    gauge(
        registry,
        "writing.windows",
        "1 while requests are written in windows",
        s -> s.writingWindows() ? 1 : 0);
    bytes(registry, "queue.bytes", "Bytes of encoded requests in memory", TrackerStats::queueBytes);
    bytes(registry, "spool.bytes", "What the spool takes on disk", TrackerStats::spoolBytes);
    TimeGauge.builder(
            "runtracker.oldest.age",
            tracker,
            TimeUnit.MILLISECONDS,
            t -> t.stats().oldestAge().toMillis())
        .description("How long the oldest undelivered request has been finished")
        .register(registry);
  }

  private void counter(
      MeterRegistry registry, String name, String what, ToDoubleFunction<TrackerStats> value) {
    FunctionCounter.builder("runtracker." + name, tracker, t -> value.applyAsDouble(t.stats()))
        .description(what)
        .register(registry);
  }

  private void bytes(
      MeterRegistry registry, String name, String what, ToDoubleFunction<TrackerStats> value) {
    Gauge.builder("runtracker." + name, tracker, t -> value.applyAsDouble(t.stats()))
        .description(what)
        .baseUnit("bytes")
        .register(registry);
  }

  private void gauge(
      MeterRegistry registry, String name, String what, ToDoubleFunction<TrackerStats> value) {
    Gauge.builder("runtracker." + name, tracker, t -> value.applyAsDouble(t.stats()))
        .description(what)
        .register(registry);
  }
}
