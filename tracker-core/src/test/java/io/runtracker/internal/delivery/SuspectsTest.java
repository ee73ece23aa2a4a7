// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.internal.log.Positions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SuspectsTest {

  private static final long LONGEST_WAIT = TimeUnit.MINUTES.toNanos(1);
  private static final long NOW = System.nanoTime();
  private static final long NEVER = NOW + TimeUnit.DAYS.toNanos(1);

  private final Suspects suspects = new Suspects(LONGEST_WAIT);
  private long positions;

  private Unit failedAt(long nanos) {
    Unit unit = Unit.runOf(positions++);
    unit.failedNanos = nanos;
    unit.notBeforeNanos = nanos + 10;
    return unit;
  }

  @Test
  void one_that_waits_until_others_pass_holds_up_none_behind_it() {
    Unit part = failedAt(NOW);
    suspects.addUntilOthersPass(failedAt(NOW - 20));
    suspects.add(part);
    assertThat(suspects.due(NOW + 10)).isSameAs(part);
    assertThat(suspects.dueNanos(NEVER)).isEqualTo(NOW + 10);
  }

  @Test
  void one_that_failed_is_tried_again_at_its_time_when_others_have_passed() {
    Unit failed = failedAt(NOW);
    suspects.addUntilOthersPass(failed);
    assertThat(suspects.due(NOW + 10)).isNull();
    suspects.othersPassed(Unit.Kind.RUN);
    assertThat(suspects.due(NOW + 9)).isNull();
    assertThat(suspects.due(NOW + 10)).isSameAs(failed);
    assertThat(suspects.size()).isOne();
  }

  @Test
  void what_passes_wakes_those_of_its_form_alone() {
    Unit run = failedAt(NOW);
    Unit window = new Unit("w", Unit.Kind.WINDOW, Positions.of(7));
    window.notBeforeNanos = NOW + 10;
    window.failedNanos = NOW;
    suspects.addUntilOthersPass(run);
    suspects.addUntilOthersPass(window);
    suspects.othersPassed(Unit.Kind.WINDOW);
    assertThat(suspects.due(NOW + 10)).isSameAs(window);
    suspects.remove(window);
    assertThat(suspects.due(NOW + 10)).isNull();
  }

  @Test
  void where_no_other_ever_passes_it_is_tried_again_after_the_longest_wait() {
    Unit failed = failedAt(NOW);
    suspects.addUntilOthersPass(failed);
    assertThat(suspects.dueNanos(NEVER)).isEqualTo(NOW + LONGEST_WAIT);
    assertThat(suspects.due(NOW + LONGEST_WAIT - 1)).isNull();
    assertThat(suspects.due(NOW + LONGEST_WAIT)).isSameAs(failed);
  }

  @Test
  void a_probe_need_not_wait_until_others_have_passed() {
    suspects.addUntilOthersPass(failedAt(NOW));
    assertThat(suspects.probeDueNanos(NEVER)).isEqualTo(NOW + 10);
  }

  @Test
  void one_that_is_taken_out_waits_no_more() {
    Unit worthATry = failedAt(NOW);
    Unit waitsForOthers = failedAt(NOW);
    suspects.add(worthATry);
    suspects.addUntilOthersPass(waitsForOthers);
    suspects.remove(worthATry);
    suspects.remove(waitsForOthers);
    suspects.othersPassed(Unit.Kind.RUN);
    assertThat(suspects.size()).isZero();
    assertThat(suspects.dueNanos(NEVER)).isEqualTo(NEVER);
  }
}
