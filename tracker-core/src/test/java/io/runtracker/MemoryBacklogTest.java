// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class MemoryBacklogTest {

  private static final Duration AT_ONCE = Duration.ZERO;

  private final Counts counts = new Counts(() -> 10);
  private final MemoryBacklog backlog = backlog(3, 1 << 20);

  private MemoryBacklog backlog(int capacity, long bytes) {
    return backlog(TrackAs.RUN, capacity, bytes);
  }

  private MemoryBacklog backlog(TrackAs trackAs, int capacity, long bytes) {
    RateLimitedLog log = new RateLimitedLog(LoggerFactory.getLogger(getClass()));
    Settings settings =
        Tracker.builder()
            .queueSize(capacity)
            .queueBytes(bytes)
            .windowRows(10)
            .settings(new SettingsReader(Map.of()));
    DuplicateSweep sweep = DuplicateSweep.inMemory(Duration.ZERO);
    WindowRouter router =
        new WindowRouter(settings, trackAs, new MemoryWindowSink()::newWindow, "test", counts);
    return new MemoryBacklog(settings, router, sweep, counts, log);
  }

  private int add(MemoryBacklog to, long... sequences) {
    return to.add(java.util.Arrays.stream(sequences).mapToObj(Requests::event).toList());
  }

  private RequestEvent taken() throws InterruptedException {
    return ((PendingEvent) backlog.take(AT_ONCE)).event();
  }

  @Test
  void runs_come_out_in_the_order_they_went_in() throws Exception {
    add(backlog, 1, 2);
    assertThat(taken().sequence()).isEqualTo(1);
    assertThat(taken().sequence()).isEqualTo(2);
    assertThat(backlog.take(AT_ONCE)).isNull();
  }

  @Test
  void a_full_backlog_refuses_what_is_new_and_says_how_many() throws Exception {
    assertThat(add(backlog, 1, 2, 3, 4, 5)).isEqualTo(2);
    assertThat(backlog.size()).isEqualTo(3);
    assertThat(taken().sequence()).isEqualTo(1);
  }

  @Test
  void it_is_bounded_by_bytes_too() {
    MemoryBacklog narrow = backlog(100, Requests.event(1).estimatedBytes() * 2);
    add(narrow, 1, 2, 3);
    assertThat(narrow.size()).isEqualTo(2);
    assertThat(narrow.bytes()).isEqualTo(Requests.event(1).estimatedBytes() * 2);
  }

  @Test
  void what_is_being_delivered_takes_room_until_it_is_settled() throws Exception {
    add(backlog, 1, 2, 3);
    PendingRun run = backlog.take(AT_ONCE);
    add(backlog, 4);
    assertThat(backlog.size()).isEqualTo(3);
    backlog.delivered(run);
    add(backlog, 5);
    assertThat(backlog.size()).isEqualTo(3);
  }

  @Test
  void a_retry_that_is_due_goes_before_what_is_fresh() throws Exception {
    add(backlog, 1, 2);
    PendingRun run = backlog.take(AT_ONCE);
    backlog.retry(run);
    assertThat(backlog.take(AT_ONCE)).isSameAs(run);
  }

  @Test
  void a_retry_that_is_not_due_holds_up_nothing() throws Exception {
    add(backlog, 1, 2);
    PendingRun run = backlog.take(AT_ONCE);
    run.notBefore(System.nanoTime() + Duration.ofHours(1).toNanos());
    backlog.retry(run);
    assertThat(taken().sequence()).isEqualTo(2);
    assertThat(backlog.take(AT_ONCE)).isNull();
  }

  @Test
  void what_is_abandoned_is_counted_once_even_if_its_delivery_ends_later() throws Exception {
    add(backlog, 1, 2);
    PendingRun run = backlog.take(AT_ONCE);
    backlog.close();
    backlog.delivered(run);
    assertThat(counts.ledger().dropped()).containsEntry(DropReason.SHUTDOWN, 2L);
    assertThat(counts.ledger().delivered()).isZero();
    assertThat(List.of(backlog.size(), backlog.bytes())).containsOnly(0L);
  }

  @Test
  void what_comes_after_the_close_is_counted() {
    backlog.close();
    add(backlog, 1, 2);
    assertThat(counts.ledger().dropped()).containsEntry(DropReason.SHUTDOWN, 2L);
  }

  @Test
  void runs_wait_while_windows_are_behind() throws Exception {
    MemoryBacklog auto = backlog(TrackAs.AUTO, 100, 1 << 20);
    auto.add(
        List.of(
            RequestEvent.builder("test", 0, "GET", Requests.target("/")).statusCode(500).build()));
    add(auto, LongStream.rangeClosed(1, 30).toArray());

    PendingRun first = auto.take(AT_ONCE);
    assertThat(List.of(first, auto.take(AT_ONCE))).hasOnlyElementsOfType(PendingWindow.class);
    assertThat(auto.take(AT_ONCE)).as("the failed one, while 30 are in windows").isNull();

    auto.delivered(first);
    assertThat(auto.take(AT_ONCE)).isInstanceOf(PendingWindow.class);
    assertThat(auto.take(AT_ONCE)).isInstanceOf(PendingEvent.class);
  }
}
