// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WindowSizeTest {

  private static final long CONFIGURED = 100_000;

  private final WindowSize size = new WindowSize(CONFIGURED);

  private void tooLarge(long bytes, boolean isPart) {
    size.tooLarge(bytes, isPart, new Tries(true));
  }

  @Test
  void the_windows_after_one_that_was_too_large_are_half_as_large() {
    tooLarge(800, false);
    assertThat(size.mostBytes()).isEqualTo(400);
    tooLarge(400, true);
    assertThat(size.mostBytes()).isEqualTo(200);
  }

  private void takeApart(int refused) {
    tooLarge(refused, false);
    for (int part = refused / 2; part > 0; part /= 2) {
      size.passed(part);
      tooLarge(part, true);
    }
  }

  @Test
  void a_request_that_is_refused_for_its_content_changes_nothing_where_as_large_windows_pass() {
    size.passed(900);
    for (int i = 0; i < 10; i++) {
      takeApart(800);
      size.passed(850);
    }
    assertThat(size.mostBytes()).isEqualTo(CONFIGURED);
  }

  @Test
  void a_request_that_is_refused_for_its_content_keeps_no_window_small() {
    takeApart(800);
    assertThat(size.mostBytes()).isGreaterThanOrEqualTo(400);
    for (int i = 0; i < 100; i++) {
      size.passed(size.mostBytes());
    }
    assertThat(size.mostBytes()).isEqualTo(CONFIGURED);
  }

  @Test
  void a_limit_that_was_lowered_is_learned() {
    size.passed(900);
    takeApart(800);
    takeApart(800);
    assertThat(size.mostBytes()).isLessThan(800);
  }

  @Test
  void one_window_that_is_refused_twice_is_no_sign_of_a_limit() {
    size.passed(900);
    Tries window = new Tries(true);
    size.tooLarge(800, false, window);
    size.tooLarge(800, false, window);
    assertThat(size.mostBytes()).isEqualTo(CONFIGURED);
    tooLarge(800, false);
    assertThat(size.mostBytes()).isEqualTo(400);
  }

  @Test
  void below_a_limit_one_window_in_many_is_too_large() {
    int limit = 3_000;
    int refused = 0;
    for (int i = 0; i < 1_000; i++) {
      long window = size.mostBytes();
      if (window > limit) {
        tooLarge(window, false);
        refused++;
      } else {
        size.passed(window);
      }
    }
    assertThat(refused).isLessThan(40);
  }

  @Test
  void small_windows_that_pass_say_nothing_of_larger_ones() {
    tooLarge(800, false);
    for (int i = 0; i < 100; i++) {
      size.passed(100);
    }
    assertThat(size.mostBytes()).isEqualTo(400);
  }

  @Test
  void no_window_is_larger_than_it_was_configured() {
    size.passed(CONFIGURED + 1); // of one large request
    assertThat(size.mostBytes()).isEqualTo(CONFIGURED);
  }
}
