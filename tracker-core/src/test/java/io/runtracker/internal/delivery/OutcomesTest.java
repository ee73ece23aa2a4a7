// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.Encoded;
import io.runtracker.Requests;
import io.runtracker.TrackAs;
import io.runtracker.internal.config.Settings;
import io.runtracker.internal.config.SettingsReader;
import io.runtracker.internal.config.Told;
import io.runtracker.internal.log.FailPoint;
import io.runtracker.internal.log.Log;
import io.runtracker.internal.stage.Counts;
import io.runtracker.internal.stage.RateLimitedLog;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class OutcomesTest {

  private static final int PLACES = 4;

  private final SometimesAwaySink sink = new SometimesAwaySink();
  private final Settings settings = new Settings(new SettingsReader(new Told(), Map.of()), true);
  private final Log log = Log.onHeap(1000, 1 << 20);
  private final Counts counts = new Counts(() -> 0);
  private final Journal journal = new Journal(log, counts);
  private final RateLimitedLog warnings = new RateLimitedLog();
  private final UnsettledUnits units = new UnsettledUnits(log, settings);
  private final WindowMode mode =
      new WindowMode(TrackAs.RUN, settings.autoThreshold, settings.queueSize, PLACES);
  private final Blame blame = new Blame(settings.maxTries, PLACES);
  private final Outcomes outcomes =
      new Outcomes(
          journal,
          new Assembler(
              log,
              journal,
              settings,
              units,
              blame,
              mode,
              PLACES,
              new RunDrafts(sink),
              "test",
              counts,
              warnings,
              FailPoint.NOBODY),
          new Settlement(log, journal, units, mode, null, settings, warnings, FailPoint.NOBODY),
          units,
          settings,
          PLACES,
          new Circuit(settings.retryDelay, settings.maxRetryDelay),
          blame,
          new ServerWatch(sink, log::live),
          warnings);
  private final UnitWriter writer =
      new UnitWriter(new RunDrafts(sink), log, journal, warnings, FailPoint.NOBODY);

  private long positions;

  private Unit run() {
    Unit run = Unit.runOf(++positions);
    run.event = Encoded.of(Requests.event(positions)).toBytes();
    units.takeInFresh(run);
    return run;
  }

  private Attempt tried(Unit unit) {
    units.waiting().take(unit, System.nanoTime());
    Attempt attempt = new Attempt(unit, writer, () -> {});
    attempt.startedNanos = System.nanoTime();
    attempt.passedAtStart = blame.allPassed();
    attempt.begun = true;
    attempt.run();
    return attempt;
  }

  private long pauseNanos(Unit unit) {
    return unit.notBeforeNanos - System.nanoTime();
  }

  @Test
  void a_lone_request_that_failed_while_the_server_was_away_is_due_when_another_passes() {
    Unit lone = run();
    sink.isAway = true;
    for (int i = 0; i < 12; i++) {
      outcomes.cameBack(tried(lone));
    }
    assertThat(pauseNanos(lone)).isGreaterThan(TimeUnit.SECONDS.toNanos(10));
    sink.isAway = false;
    outcomes.cameBack(tried(run()));
    assertThat(pauseNanos(lone)).isNegative();
    assertThat(units.waiting().due(true, true, System.nanoTime())).isSameAs(lone);
  }

  @Test
  void a_failure_counts_once_although_a_fault_has_it_handed_over_again() {
    Unit unit = run();
    sink.isAway = true;
    Attempt attempt = tried(unit);
    outcomes.cameBack(attempt);
    units.waiting().remove(unit); // as if it had not been put back
    outcomes.cameBack(attempt);
    assertThat(unit.tries.failed).isOne();
    assertThat(units.waiting().due(true, true, Long.MAX_VALUE / 2)).isSameAs(unit);
  }
}
