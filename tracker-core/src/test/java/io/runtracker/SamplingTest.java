// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.adapter.OpenRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SamplingTest {

  private static final int MANY = 2_000;

  private final MemorySink sink = new MemorySink();

  private Tracker.Builder none() {
    return Requests.tracker(sink).sampleRatio(0).slowThreshold(Duration.ofDays(1));
  }

  @Test
  void every_request_is_kept_unless_a_ratio_is_set() {
    try (Tracker tracker = Requests.tracker(sink).slowThreshold(Duration.ofDays(1)).build()) {
      Requests.serve(tracker, "/", MANY);
      assertThat(tracker.flush(Requests.LONG).delivered()).isEqualTo(MANY);
    }
  }

  @Test
  void the_others_are_left_out_and_the_ledger_counts_them_and_is_complete() {
    try (Tracker tracker = none().sampleRatio(0.5).build()) {
      Requests.serve(tracker, "/", MANY);
      Ledger ledger = tracker.flush(Requests.LONG);
      TrackerTest.assertAddsUp(ledger);
      assertThat(ledger.offered()).isEqualTo(MANY);
      // Ten standard deviations to each side.
      assertThat(ledger.delivered()).isBetween(776L, 1_224L);
      assertThat(ledger.dropped()).isEqualTo(Map.of(DropReason.SAMPLED, MANY - ledger.delivered()));
      assertThat(ledger.isComplete()).isTrue();
      assertThat(ledger.droppedTotal()).isZero();
    }
  }

  @Test
  void what_the_handler_logged_makes_no_difference() {
    try (Tracker tracker = none().build()) {
      Requests.open(tracker, "/").param("model", "m1").end(200, null);
      assertThat(tracker.flush(Requests.LONG).accepted()).isZero();
    }
  }

  @Test
  void a_status_of_500_is_always_kept() {
    try (Tracker tracker = none().build()) {
      Requests.open(tracker, "/").end(499, null);
      Requests.open(tracker, "/").end(500, null);
      tracker.flush(Requests.LONG);
      assertThat(sink.only().statusCode()).isEqualTo(500);
    }
  }

  @Test
  void so_is_an_exception_whatever_the_status() {
    try (Tracker tracker = none().build()) {
      Requests.open(tracker, "/").end(200, new IllegalStateException("boom"));
      tracker.flush(Requests.LONG);
      assertThat(sink.only().errorDetails()).isEqualTo("boom");
    }
  }

  @Test
  void a_handled_exception_is_kept_where_it_fails_the_run_and_nowhere_else() {
    try (Tracker tracker = none().build()) {
      IllegalStateException boom = new IllegalStateException("boom");
      Requests.open(tracker, "/").handled(boom, 500).end(409, null);
      Requests.open(tracker, "/").handled(boom, 400).end(410, null);
      tracker.flush(Requests.LONG);
      assertThat(sink.only().statusCode()).isEqualTo(410);
    }
  }

  @Test
  void a_request_slower_than_the_threshold_is_always_kept() {
    try (Tracker tracker = none().slowThreshold(Duration.ofNanos(1)).build()) {
      Requests.serve(tracker, "/", 10);
      assertThat(tracker.flush(Requests.LONG).delivered()).isEqualTo(10);
    }
  }

  @Test
  void a_request_that_is_open_at_the_close_is_always_kept() {
    Tracker tracker = none().build();
    Requests.open(tracker, "/");
    tracker.close(Requests.LONG);
    assertThat(sink.only().status()).isEqualTo(RunStatus.KILLED);
  }

  @Test
  void a_request_that_its_handler_dropped_is_not_counted_as_sampled_out() {
    try (Tracker tracker = none().build()) {
      OpenRequest request = Requests.open(tracker, "/");
      request.drop();
      request.end(200, null);
      assertThat(tracker.stats().ledger().offered()).isZero();
    }
  }

  @Test
  void the_environment_says_the_ratio_and_the_threshold() {
    Map<String, String> environment =
        Map.of("RUNTRACKER_SAMPLE_RATIO", "0", "RUNTRACKER_SLOW_THRESHOLD", "24h");
    try (Tracker tracker = Requests.tracker(sink).environment(environment).build()) {
      Requests.serve(tracker, "/", 10);
      assertThat(tracker.flush(Requests.LONG).dropped()).containsEntry(DropReason.SAMPLED, 10L);
    }
  }

  @Test
  void the_count_goes_on_after_a_restart_with_the_spool(@TempDir Path directory) {
    for (long run = 1; run <= 2; run++) {
      try (Tracker tracker = none().spool(directory).build()) {
        Requests.serve(tracker, "/", 5);
        Requests.open(tracker, "/").end(500, null);
        Ledger ledger = tracker.flush(Requests.LONG);
        TrackerTest.assertAddsUp(ledger);
        assertThat(ledger.dropped()).containsEntry(DropReason.SAMPLED, 5 * run);
        assertThat(ledger.isComplete()).isTrue();
      }
    }
  }
}
