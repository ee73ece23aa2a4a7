// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class RingBytesTest {

  private static final int KIB = 1 << 10;

  private final RingBytes bytes = new RingBytes(16 * KIB);

  @Test
  void one_alone_has_room_however_large() {
    assertThat(bytes.take(100 * KIB)).isTrue();
    assertThat(bytes.take(2 * KIB)).isFalse();
    bytes.giveBack(100 * KIB);
    assertThat(bytes.take(2 * KIB)).isTrue();
  }

  @Test
  void light_ones_always_have_room() {
    assertThat(bytes.take(100 * KIB)).isTrue();
    assertThat(bytes.take(KIB - 1)).isTrue();
  }

  /** Were it taken and given back, the other would be dropped although there is room. */
  @Test
  void one_that_finds_no_room_takes_none_from_another_even_for_a_moment() throws Exception {
    assertThat(bytes.take(8 * KIB)).isTrue();
    AtomicBoolean isOver = new AtomicBoolean();
    Thread tooLarge =
        new Thread(
            () -> {
              while (!isOver.get()) {
                bytes.take(12 * KIB);
              }
            });
    tooLarge.start();
    try {
      for (int i = 0; i < 1_000_000; i++) {
        assertThat(bytes.take(4 * KIB)).as("try %s", i).isTrue();
        bytes.giveBack(4 * KIB);
      }
    } finally {
      isOver.set(true);
      tooLarge.join();
    }
  }
}
