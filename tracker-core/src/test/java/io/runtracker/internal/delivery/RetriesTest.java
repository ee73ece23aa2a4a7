// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.internal.config.Settings;
import io.runtracker.internal.config.SettingsReader;
import io.runtracker.internal.config.Told;
import io.runtracker.internal.log.Positions;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RetriesTest {

  private final Settings settings = new Settings(new SettingsReader(new Told(), Map.of()), true);
  private final WaitingUnits waiting = new WaitingUnits(settings);
  private final Blame blame = new Blame(settings.maxTries, 4);
  private final Retries retries = new Retries(waiting, blame, settings);
  private final Unit window = new Unit("window", Unit.Kind.WINDOW, Positions.of(1, 11));

  private long pauseAfter(Tries failed) {
    blame.failed(failed, false, blame.allPassed());
    retries.later(window);
    waiting.remove(window);
    return window.notBeforeNanos - window.failedNanos;
  }

  @Test
  void the_pause_doubles_with_each_failure() {
    long first = pauseAfter(window.tries);
    assertThat(first).isEqualTo(settings.retryDelay.toNanos());
    assertThat(pauseAfter(window.tries)).isEqualTo(2 * first);
    assertThat(pauseAfter(window.tries)).isEqualTo(4 * first);
  }

  @Test
  void the_pause_doubles_as_well_while_the_server_is_away_that_is_to_take_a_run_back() {
    pauseAfter(window.tries);
    window.splitBecauseOfItsContent();
    long first = pauseAfter(window.triesToTakeBack);
    assertThat(first).isEqualTo(settings.retryDelay.toNanos());
    assertThat(pauseAfter(window.triesToTakeBack)).isEqualTo(2 * first);
    assertThat(pauseAfter(window.triesToTakeBack)).isEqualTo(4 * first);
  }
}
