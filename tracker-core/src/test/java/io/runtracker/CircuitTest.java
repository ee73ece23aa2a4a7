// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class CircuitTest {

  private static final Duration LONG = Duration.ofMinutes(10);

  private final Circuit circuit = new Circuit(Duration.ofMillis(1), Duration.ofMillis(1));

  private static Circuit slow() {
    return new Circuit(LONG, LONG);
  }

  @Test
  void calls_are_permitted_until_one_fails() {
    Circuit slow = slow();
    assertThat(slow.ask()).isZero();
    slow.failed(System.nanoTime(), null);
    assertThat(slow.ask()).isPositive();
    assertThat(slow.isOpen()).isTrue();
  }

  @Test
  void the_pause_is_jittered_between_half_and_whole() {
    Circuit slow = slow();
    slow.failed(System.nanoTime(), null);
    assertThat(Duration.ofNanos(slow.ask())).isBetween(LONG.dividedBy(2).minusSeconds(60), LONG);
  }

  @Test
  void after_the_pause_one_call_at_a_time_probes() {
    circuit.failed(System.nanoTime(), null);
    await().until(() -> circuit.ask() == 0);
    assertThat(circuit.ask()).isPositive();
  }

  @Test
  void a_probe_that_told_nothing_lets_the_next_one_go() {
    circuit.failed(System.nanoTime(), null);
    await().until(() -> circuit.ask() == 0);
    circuit.released();
    assertThat(circuit.ask()).isZero();
  }

  @Test
  void one_success_closes_it() {
    circuit.failed(System.nanoTime(), null);
    await().until(() -> circuit.ask() == 0);
    circuit.succeeded();
    assertThat(circuit.ask()).isZero();
    assertThat(circuit.ask()).isZero();
    assertThat(circuit.isOpen()).isFalse();
  }

  @Test
  void calls_that_failed_together_count_as_one_failure() {
    Circuit doubling = new Circuit(Duration.ofSeconds(10), LONG);
    long together = System.nanoTime();
    for (int i = 0; i < 8; i++) {
      doubling.failed(together, null);
    }
    assertThat(Duration.ofNanos(doubling.ask())).isLessThanOrEqualTo(Duration.ofSeconds(10));
  }

  @Test
  void a_longer_pause_that_the_server_asks_for_is_honoured() {
    circuit.failed(System.nanoTime(), Duration.ofSeconds(100));
    assertThat(Duration.ofNanos(circuit.ask())).isGreaterThan(Duration.ofSeconds(50));
  }

  @Test
  void a_pause_that_the_server_asks_for_is_capped() {
    circuit.failed(System.nanoTime(), Duration.ofDays(3));
    assertThat(Duration.ofNanos(circuit.ask())).isLessThanOrEqualTo(Circuit.LONGEST_RETRY_AFTER);
  }
}
