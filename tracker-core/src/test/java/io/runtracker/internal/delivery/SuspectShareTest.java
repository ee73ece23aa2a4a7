// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What those that fail while others pass may take from the others. */
class SuspectShareTest {

  private static final int ROOM = 1000;
  private static final long CALL = TimeUnit.MILLISECONDS.toNanos(30);
  private static final long NEVER = Long.MAX_VALUE;

  private long now = System.nanoTime();

  /** One call after the other, each as soon as it may be begun, and how long that takes. */
  private double shareOfPlaces(int places, int waiting, long tookNanos) {
    SuspectShare share = new SuspectShare(places, ROOM);
    long start = now + TimeUnit.SECONDS.toNanos(1);
    now = start;
    int calls = 100;
    for (int i = 0; i < calls; i++) {
      now = share.dueNanos(0, waiting, now, NEVER);
      assertThat(share.isLeft(0, waiting, now)).isTrue();
      share.used(now, tookNanos, waiting);
      now += tookNanos;
    }
    now = share.dueNanos(0, waiting, now, NEVER);
    return (double) calls * tookNanos / places / (now - start);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4, 9, 12, 64})
  void it_is_a_tenth_of_the_time_of_the_places_at_most(int places) {
    assertThat(shareOfPlaces(places, 1, CALL)).isBetween(0.0, 0.101);
    assertThat(shareOfPlaces(places, 1, 1000 * CALL)).isBetween(0.0, 0.101);
  }

  @Test
  void it_is_a_place_at_least_and_a_tenth_of_many() {
    assertThat(new SuspectShare(1, ROOM).isLeft(0, 1, later())).isTrue();
    assertThat(new SuspectShare(12, ROOM).isLeft(1, 1, later())).isFalse();
    assertThat(new SuspectShare(40, ROOM).isLeft(3, 1, later())).isTrue();
    assertThat(new SuspectShare(40, ROOM).isLeft(4, 1, later())).isFalse();
  }

  @Test
  void it_grows_with_the_memory_that_they_take_up_to_half() {
    assertThat(shareOfPlaces(1, ROOM / 4, CALL)).isBetween(0.24, 0.26);
    assertThat(shareOfPlaces(1, 10 * ROOM, CALL)).isBetween(0.49, 0.51);
    SuspectShare share = new SuspectShare(12, ROOM);
    assertThat(share.isLeft(5, ROOM, later())).isTrue();
    assertThat(share.isLeft(6, ROOM, later())).isFalse();
  }

  @Test
  void while_all_they_may_have_is_under_way_they_wait_until_one_comes_back() {
    SuspectShare share = new SuspectShare(12, ROOM);
    assertThat(share.dueNanos(1, 1, later(), NEVER)).isEqualTo(NEVER);
  }

  @Test
  void places_that_nobody_wants_are_theirs_too_but_for_half_and_not_for_long_calls() {
    SuspectShare share = new SuspectShare(12, ROOM);
    assertThat(share.mayUseFreePlace(5, CALL)).isTrue();
    assertThat(share.mayUseFreePlace(6, CALL)).isFalse();
    assertThat(share.mayUseFreePlace(0, TimeUnit.SECONDS.toNanos(30))).isFalse();
  }

  private long later() {
    return now + TimeUnit.SECONDS.toNanos(1);
  }
}
