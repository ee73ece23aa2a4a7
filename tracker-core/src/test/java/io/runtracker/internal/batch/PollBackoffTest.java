// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.batch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PollBackoffTest {

  private static final long MILLI = 1_000_000;
  private static final long LONGEST = 15 * MILLI;

  private final PollBackoff pace = new PollBackoff(8192, LONGEST);

  @Test
  void while_requests_come_there_is_one_look_for_each_group() {
    assertThat(pace.afterLook(5 * MILLI, 250, true, 5 * MILLI)).isEqualTo(5 * MILLI);
    assertThat(pace.afterLook(2 * MILLI, 100, false, 3 * MILLI)).isEqualTo(3 * MILLI);
  }

  @Test
  void the_ring_does_not_fill_beyond_a_quarter_at_a_rate_that_lasts() {
    long perMilli = 4096;
    long park = pace.afterLook(MILLI, perMilli, true, 5 * MILLI);
    assertThat(park * perMilli / MILLI).isEqualTo(8192 / 4);
  }

  @Test
  void a_ring_found_more_than_half_full_is_looked_at_again_at_once() {
    assertThat(pace.afterLook(MILLI, 4097, true, 5 * MILLI)).isZero();
  }

  @Test
  void after_a_burst_the_sleeps_begin_short_again() {
    for (int i = 0; i < 20; i++) {
      pace.afterLook(MILLI, 0, true, 5 * MILLI);
    }
    pace.afterLook(MILLI, 4097, true, 5 * MILLI);
    assertThat(pace.afterLook(MILLI, 0, true, 5 * MILLI))
        .isEqualTo(2 * PollBackoff.SHORTEST_PARK_NANOS);
  }

  @Test
  void the_longer_nothing_comes_the_longer_it_sleeps_up_to_a_limit() {
    long before = 0;
    for (int i = 0; i < 6; i++) {
      long park = pace.afterLook(MILLI, 0, true, 5 * MILLI);
      assertThat(park).isGreaterThan(before);
      before = park;
    }
    for (int i = 0; i < 20; i++) {
      before = pace.afterLook(MILLI, 0, true, 5 * MILLI);
    }
    assertThat(before).isEqualTo(LONGEST);
  }

  @Test
  void a_group_that_waits_for_long_does_not_stop_the_looks() {
    assertThat(pace.afterLook(MILLI, 0, false, Long.MAX_VALUE)).isEqualTo(LONGEST);
  }

  @Test
  void it_never_spins_while_few_come_even_when_a_group_is_overdue() {
    assertThat(pace.afterLook(MILLI, 1, false, -5 * MILLI))
        .isEqualTo(PollBackoff.SHORTEST_PARK_NANOS);
  }
}
