// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.sink.SinkException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What processes have left in their parts of a shared directory. */
class AdoptionTest {

  @TempDir Path directory;

  private final MemoryWindowSink sink = new MemoryWindowSink();

  private Tracker.Builder shared() {
    return Requests.tracker(sink)
        .spool(directory)
        .spoolShared(true)
        .trackAs(TrackAs.WINDOW)
        .windowAge(Duration.ofHours(1))
        .closeTimeout(Duration.ZERO);
  }

  private void sinkIsAway() {
    sink.beforeCreate =
        window -> {
          throw new SinkException(SinkException.Kind.UNAVAILABLE, "away", null);
        };
  }

  /** Three processes, each with requests that it cannot deliver. */
  private void leaveThreeParts() {
    sinkIsAway();
    try (Tracker first = shared().build();
        Tracker second = shared().build();
        Tracker third = shared().build()) {
      Requests.serve(first, "/", 10);
      Requests.serve(second, "/", 20);
      Requests.serve(third, "/", 30);
    }
  }

  @Test
  void one_process_delivers_what_three_have_left() {
    leaveThreeParts();
    sink.isWellAgain();
    try (Tracker only = shared().build()) {
      only.flush(Requests.LONG);
      await().atMost(Requests.LONG).until(() -> sink.inWindows().size() == 60);
      assertThat(sink.inWindows()).doesNotHaveDuplicates();
      await().until(() -> only.stats().adopted() == 0);
    }
    try (Tracker next = shared().build()) {
      assertThat(next.flush(Requests.LONG).isComplete()).isTrue();
      assertThat(sink.inWindows()).hasSize(60);
    }
  }

  @Test
  void what_waits_in_another_part_is_told() {
    leaveThreeParts();
    try (Tracker only = shared().build()) {
      await().atMost(Requests.LONG).until(() -> only.stats().adopted() == 20);
      assertThat(only.stats().ledger().spooled()).isEqualTo(10);
    }
  }

  @Test
  void an_adoption_that_is_cut_short_goes_on_at_the_next_start() {
    leaveThreeParts();
    try (Tracker cut = shared().build()) {
      await().atMost(Requests.LONG).until(() -> cut.stats().adopted() > 0);
    }
    sink.isWellAgain();
    try (Tracker only = shared().build()) {
      only.flush(Requests.LONG);
      await().atMost(Requests.LONG).until(() -> sink.inWindows().size() == 60);
    }
    assertThat(sink.inWindows()).doesNotHaveDuplicates();
  }

  @Test
  void a_part_in_use_is_left_alone() throws IOException {
    sinkIsAway();
    try (Tracker first = shared().build();
        Tracker second = shared().build()) {
      Requests.serve(first, "/", 10);
      Requests.serve(second, "/", 10);
      await().until(() -> first.stats().ledger().spooled() == 10);
      await().until(() -> second.stats().ledger().spooled() == 10);
      sink.isWellAgain();
      assertThat(first.flush(Requests.LONG).delivered()).isEqualTo(10);
      assertThat(second.flush(Requests.LONG).delivered()).isEqualTo(10);
      assertThat(sink.inWindows()).hasSize(20).doesNotHaveDuplicates();
    }
  }
}
