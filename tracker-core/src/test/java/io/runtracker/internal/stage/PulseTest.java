// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.stage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PulseTest {

  private long now = Long.MAX_VALUE - 10;
  private final Pulse pulse = new Pulse(() -> now);

  @Test
  void what_has_not_beaten_for_half_a_minute_is_still() {
    assertThat(pulse.isStill()).isFalse();
    now += TimeUnit.SECONDS.toNanos(30);
    assertThat(pulse.isStill()).isFalse();
    now++;
    assertThat(pulse.isStill()).isTrue();
    pulse.beat();
    assertThat(pulse.isStill()).isFalse();
  }
}
