// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.lmax.disruptor.RingBuffer;
import io.runtracker.internal.batch.Batcher;
import io.runtracker.internal.batch.RunNames;
import io.runtracker.internal.capture.Capture;
import io.runtracker.internal.capture.CapturedRequest;
import io.runtracker.internal.capture.RingBytes;
import io.runtracker.internal.capture.RingSlot;
import io.runtracker.internal.config.Settings;
import io.runtracker.internal.config.UserCallbacks;
import io.runtracker.internal.event.UrlRedactor;
import io.runtracker.internal.log.FailPoint;
import io.runtracker.internal.log.Log;
import io.runtracker.internal.stage.Counts;
import io.runtracker.internal.stage.Interruption;
import io.runtracker.internal.stage.RateLimitedLog;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The two ends of the ring by themselves: who publishes into it, and who empties it. */
class RingTest {

  private static final int RING_SIZE = 4;

  private final RingBuffer<RingSlot> ring =
      RingBuffer.createMultiProducer(RingSlot::new, RING_SIZE);
  private final Counts counts = new Counts(() -> ring.getCursor() + 1);
  private final Settings settings =
      Requests.tracker(new MemorySink()).ringSize(RING_SIZE).settings();
  private final RingBytes ringBytes = new RingBytes(settings.ringBytes);

  /** It is full with one request, which nobody takes out. */
  private final Log log = Log.onHeap(1, 1 << 20);

  private final Batcher batcher =
      new Batcher(
          ring,
          log,
          bytes -> {},
          new UrlRedactor(settings.redact, settings.recordQuery),
          new RunNames(null, new RateLimitedLog()),
          counts,
          ringBytes,
          settings,
          FailPoint.NOBODY);
  private final Capture capture =
      new Capture(
          ring, counts, "test", settings, new UserCallbacks(List.of(), null), batcher, ringBytes);

  @AfterEach
  void end() {
    try (Interruption interruption = new Interruption()) {
      batcher.stop(System.nanoTime(), interruption);
    }
  }

  private CapturedRequest open() {
    CapturedRequest request = new CapturedRequest(capture, "GET", Requests.target("/"));
    assertThat(capture.openRequests().add(request)).isTrue();
    return request;
  }

  private void publish() {
    open().end(200, null);
  }

  /** As by a thread that failed between taking the slot and filling it. */
  private void publishEmptySlot() {
    ring.publish(ring.next());
  }

  private void awaitEmptyRing() {
    await().atMost(Requests.LONG).until(() -> batcher.handedOver() == ring.getCursor());
  }

  @Test
  void an_empty_slot_costs_no_other_request() {
    publishEmptySlot();
    publish();
    batcher.stage().start();
    awaitEmptyRing();
    assertThat(log.live()).isEqualTo(1);
    assertThat(counts.ledger().dropped()).isEqualTo(Map.of(DropReason.DELIVERY_FAULT, 1L));
  }

  @Test
  void an_empty_slot_holds_up_nothing_while_the_log_is_full() {
    publish();
    batcher.stage().start();
    awaitEmptyRing();
    assertThat(log.isFull()).isTrue();
    publishEmptySlot();
    publish();
    awaitEmptyRing();
    assertThat(counts.ledger().dropped()).isEqualTo(Map.of(DropReason.QUEUE_FULL, 2L));
  }

  @Test
  void open_requests_wait_for_room_until_the_deadline_and_no_longer() {
    CapturedRequest request = open();
    for (int i = 0; i < RING_SIZE; i++) {
      publish();
    }
    assertThat(CompletableFuture.runAsync(() -> capture.killOpenRequests(System.nanoTime())))
        .succeedsWithin(Requests.LONG);
    assertThat(request.isEnded()).isFalse();
    assertThat(capture.openRequests().count()).isEqualTo(1);
    assertThat(counts.ledger().accepted()).isEqualTo(RING_SIZE);
  }
}
