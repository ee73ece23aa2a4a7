// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.runtracker.RequestEvent;
import io.runtracker.sink.EncodedEvent;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.WindowDraft;
import io.runtracker.sink.WindowSink;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LeasedSinkTest {

  private static final RequestWindow WINDOW =
      new RequestWindow("w1-2", Instant.EPOCH, Instant.EPOCH, 2, Map.of());

  private final Lease lease = new Lease(TimeUnit.MINUTES.toMillis(10));
  private final Runs runs = new Runs();
  private final LeasedSink sink = new LeasedSink(runs, lease);

  private void loseLease() {
    lease.renewed(System.nanoTime() - TimeUnit.MINUTES.toNanos(10));
  }

  /** Where the relay is frozen while it creates a run. */
  private final class Runs implements WindowSink {
    private final List<String> found = new ArrayList<>();
    private final List<String> discarded = new ArrayList<>();
    private Runnable whileCreating = () -> {};
    private int created;
    private boolean isAway;

    @Override
    public String create(RequestEvent event) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void complete(String runId, RequestEvent event) {}

    @Override
    public Optional<String> find(RequestEvent event) {
      return Optional.empty();
    }

    @Override
    public WindowDraft newWindow() {
      return new WindowDraft() {
        @Override
        public void add(EncodedEvent event) {}

        @Override
        public String create(RequestWindow window) {
          created++;
          whileCreating.run();
          return "mine";
        }

        @Override
        public void complete(String runId, RequestWindow window) {}
      };
    }

    @Override
    public Optional<String> find(RequestWindow window) throws SinkException {
      if (isAway) {
        throw new SinkException(SinkException.Kind.UNAVAILABLE, "away", null);
      }
      return found.stream().findFirst();
    }

    @Override
    public void discard(String runId) {
      discarded.add(runId);
    }

    @Override
    public void close() {}
  }

  @Test
  void nothing_is_created_once_the_group_may_have_given_the_partitions_away() {
    loseLease();
    assertThatThrownBy(() -> sink.newWindow().create(WINDOW)).isInstanceOf(SinkException.class);
    assertThat(runs.created).isZero();
  }

  @Test
  void a_run_that_was_created_too_late_is_taken_back_where_another_relay_has_one() {
    runs.whileCreating = this::loseLease;
    runs.found.add("of another");
    assertThatThrownBy(() -> sink.newWindow().create(WINDOW))
        .isInstanceOf(SinkException.class)
        .hasMessageContaining("of another");
    assertThat(runs.discarded).containsExactly("mine");
  }

  @Test
  void a_run_that_was_created_too_late_stays_where_no_other_is_found() throws Exception {
    runs.whileCreating = this::loseLease;
    runs.found.add("mine");
    assertThat(sink.newWindow().create(WINDOW)).isEqualTo("mine");
    assertThat(runs.discarded).isEmpty();
  }

  @Test
  void a_run_that_was_created_too_late_is_looked_up_before_there_is_another() {
    runs.whileCreating = this::loseLease;
    runs.isAway = true;
    assertThatThrownBy(() -> sink.newWindow().create(WINDOW))
        .isInstanceOfSatisfying(
            SinkException.class, e -> assertThat(e.kind()).isEqualTo(SinkException.Kind.UNKNOWN))
        .hasMessageContaining("mine");
  }

  @Test
  void nothing_is_deleted_once_the_group_may_have_given_the_partitions_away() {
    loseLease();
    assertThatThrownBy(() -> sink.discard("mine")).isInstanceOf(SinkException.class);
    assertThatThrownBy(() -> sink.removeDuplicates("mine")).isInstanceOf(SinkException.class);
    assertThat(runs.discarded).isEmpty();
  }

  @Test
  void a_run_that_was_created_in_time_is_not_looked_up() throws Exception {
    runs.found.add("of another");
    assertThat(sink.newWindow().create(WINDOW)).isEqualTo("mine");
    assertThat(runs.discarded).isEmpty();
  }

  @Test
  void a_create_under_way_is_known_and_none_begins_once_the_lease_is_lost() throws Exception {
    runs.whileCreating =
        () -> {
          assertThat(lease.isIdle()).isFalse();
          lease.lose();
        };
    assertThat(sink.newWindow().create(WINDOW)).isEqualTo("mine");
    assertThat(lease.isIdle()).isTrue();
    assertThatThrownBy(() -> sink.newWindow().create(WINDOW)).isInstanceOf(SinkException.class);
    assertThat(runs.created).isEqualTo(1);
    assertThat(lease.isIdle()).isTrue();
  }
}
