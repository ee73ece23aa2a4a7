// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class CircuitTest {

  private static final Duration LONG = Duration.ofMinutes(10);

  private final Circuit circuit = new Circuit(Duration.ofMillis(1), Duration.ofMillis(1));
  private final Circuit slow = new Circuit(LONG, LONG);

  private static void serverIsAway(Circuit circuit) {
    circuit.failed(System.nanoTime(), true, null);
  }

  private static void failOnce(Circuit circuit) {
    circuit.failed(System.nanoTime(), false, null);
  }

  @Test
  void calls_are_permitted_until_the_server_is_away() {
    assertThat(slow.ask()).isZero();
    serverIsAway(slow);
    assertThat(slow.ask()).isPositive();
    assertThat(slow.isPausing()).isTrue();
  }

  @Test
  void what_failed_is_asked_after_one_call_at_a_time_before_there_is_a_pause() {
    failOnce(slow);
    assertThat(slow.ask()).isZero();
    assertThat(slow.ask()).isPositive();
    assertThat(slow.isPausing()).isFalse();
  }

  @Test
  void a_pause_begins_when_many_probes_have_failed() {
    for (int i = 0; i < Circuit.PROBES; i++) {
      assertThat(slow.isPausing()).isFalse();
      slow.ask();
      failOnce(slow);
    }
    assertThat(slow.isPausing()).isTrue();
    assertThat(Duration.ofNanos(slow.ask())).isGreaterThan(LONG.dividedBy(3));
  }

  @Test
  void the_pause_is_jittered_between_half_and_whole() {
    serverIsAway(slow);
    assertThat(Duration.ofNanos(slow.ask())).isBetween(LONG.dividedBy(2).minusSeconds(60), LONG);
  }

  @Test
  void after_the_pause_one_call_at_a_time_probes() {
    serverIsAway(circuit);
    await().until(() -> circuit.ask() == 0);
    assertThat(circuit.ask()).isPositive();
  }

  @Test
  void a_probe_that_told_nothing_lets_the_next_one_go() {
    serverIsAway(circuit);
    await().until(() -> circuit.ask() == 0);
    circuit.released(System.nanoTime());
    assertThat(circuit.ask()).isZero();
  }

  @Test
  void a_call_that_began_before_ends_no_probe() {
    long before = System.nanoTime();
    serverIsAway(circuit);
    await().until(() -> circuit.ask() == 0);
    circuit.released(before);
    circuit.failed(before, true, null);
    assertThat(circuit.ask()).isPositive();
  }

  @Test
  void one_success_closes_it() {
    serverIsAway(circuit);
    await().until(() -> circuit.ask() == 0);
    assertThat(circuit.succeeded()).isTrue();
    assertThat(circuit.ask()).isZero();
    assertThat(circuit.ask()).isZero();
    assertThat(circuit.isOpen()).isFalse();
    assertThat(circuit.isPausing()).isFalse();
    assertThat(circuit.succeeded()).isFalse();
  }

  @Test
  void calls_that_were_under_way_when_the_pause_began_do_not_make_it_longer() {
    Circuit doubling = new Circuit(Duration.ofSeconds(10), LONG);
    long together = System.nanoTime();
    for (int i = 0; i < 8; i++) {
      doubling.failed(together, true, null);
    }
    assertThat(Duration.ofNanos(doubling.ask())).isLessThanOrEqualTo(Duration.ofSeconds(10));
  }

  @Test
  void a_longer_pause_that_the_server_asks_for_is_honoured() {
    circuit.failed(System.nanoTime(), true, Duration.ofSeconds(100));
    assertThat(Duration.ofNanos(circuit.ask())).isGreaterThan(Duration.ofSeconds(50));
  }

  @Test
  void a_pause_that_the_server_asks_for_is_capped() {
    circuit.failed(System.nanoTime(), true, Duration.ofDays(3));
    assertThat(Duration.ofNanos(circuit.ask())).isLessThanOrEqualTo(Circuit.LONGEST_RETRY_AFTER);
  }
}
