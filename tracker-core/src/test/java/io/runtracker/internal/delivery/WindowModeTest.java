// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.TrackAs;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WindowModeTest {

  private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);
  private static final long YOUNG = TimeUnit.SECONDS.toNanos(1);

  private final WindowMode mode = new WindowMode(TrackAs.AUTO, Duration.ofMinutes(1), 50_000, 8);
  private long now = 1_000_000_000L;

  private void look(long waiting, long age) {
    mode.look(waiting, age, now);
  }

  /** One look's time, in which so many requests come a second. */
  private void pass(int perSecond) {
    now += WindowMode.LOOK_NANOS;
    for (int i = 0; i < perSecond * (WindowMode.LOOK_NANOS / 1_000_000_000L); i++) {
      mode.arrived();
    }
    look(0, 0);
  }

  private void passUntilRuns(int perSecond, int mostLooks) {
    for (int i = 0; i < mostLooks && mode.isOn(); i++) {
      pass(perSecond);
    }
  }

  @Test
  void runs_are_written_while_the_backlog_is_young() {
    look(12_000, YOUNG);
    assertThat(mode.isOn()).isFalse();
  }

  @Test
  void windows_begin_when_the_backlog_is_older_than_the_threshold() {
    look(12_000, MINUTE + 1);
    assertThat(mode.isOn()).isTrue();
  }

  @Test
  void windows_begin_when_the_queue_is_a_quarter_full() {
    look(12_501, YOUNG);
    assertThat(mode.isOn()).isTrue();
  }

  @Test
  void an_old_backlog_that_runs_catch_up_with_soon_stays_runs() {
    look(200, 60 * MINUTE);
    assertThat(mode.isOn()).isFalse();
  }

  @Test
  void windows_go_on_while_more_comes_than_runs_could_take() {
    look(12_501, YOUNG);
    for (int i = 0; i < 100; i++) {
      pass(30);
    }
    assertThat(mode.isOn()).isTrue();
  }

  @Test
  void runs_are_back_when_little_has_come_for_long_enough() {
    look(12_501, YOUNG);
    pass(10);
    pass(10);
    assertThat(mode.isOn()).isTrue();
    pass(10);
    assertThat(mode.isOn()).isFalse();
  }

  @Test
  void one_busy_look_begins_the_wait_anew() {
    look(12_501, YOUNG);
    pass(10);
    pass(10);
    pass(1000);
    pass(10);
    pass(10);
    assertThat(mode.isOn()).isTrue();
    pass(10);
    assertThat(mode.isOn()).isFalse();
  }

  @Test
  void after_a_relapse_the_wait_is_twice_as_long() {
    look(12_501, YOUNG);
    passUntilRuns(10, 3);
    assertThat(mode.isOn()).isFalse();
    look(12_501, YOUNG);
    passUntilRuns(10, 5);
    assertThat(mode.isOn()).isTrue();
    pass(10);
    assertThat(mode.isOn()).isFalse();
  }

  @Test
  void a_server_that_takes_runs_faster_gets_runs_at_higher_rates() {
    for (int i = 0; i < 1000; i++) {
      mode.runTook(TimeUnit.MILLISECONDS.toNanos(8)); // eight at a time: 1000 a second
    }
    look(12_501, YOUNG);
    passUntilRuns(400, 3);
    assertThat(mode.isOn()).isFalse();
  }

  @Test
  void runs_only_or_windows_only_stay_what_they_are() {
    WindowMode runs = new WindowMode(TrackAs.RUN, Duration.ofMinutes(1), 50_000, 8);
    runs.look(1_000_000, 60 * MINUTE, now);
    assertThat(runs.isOn()).isFalse();
    WindowMode windows = new WindowMode(TrackAs.WINDOW, Duration.ofMinutes(1), 50_000, 8);
    windows.look(0, 0, now + 60 * MINUTE);
    assertThat(windows.isOn()).isTrue();
  }

  @Test
  void a_sink_that_takes_no_windows_gets_runs_until_it_is_asked_again() {
    look(12_501, YOUNG);
    assertThat(mode.windowsRefused(now)).isTrue();
    assertThat(mode.isOn()).isFalse();
    now += WindowMode.REFUSED_NANOS - 1;
    look(12_501, 60 * MINUTE);
    assertThat(mode.isOn()).isFalse();
    now++;
    look(12_501, 60 * MINUTE);
    assertThat(mode.isOn()).isTrue();
  }

  @Test
  void windows_that_were_asked_for_go_on_when_one_is_refused() {
    WindowMode windows = new WindowMode(TrackAs.WINDOW, Duration.ofMinutes(1), 50_000, 8);
    assertThat(windows.windowsRefused(now)).isFalse();
    assertThat(windows.isOn()).isTrue();
  }
}
