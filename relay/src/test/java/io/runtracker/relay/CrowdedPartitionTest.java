// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.RequestEvent;
import io.runtracker.RequestTarget;
import io.runtracker.internal.delivery.Line;
import io.runtracker.internal.event.EventCodec;
import io.runtracker.internal.event.RecordedEvent;
import io.runtracker.internal.log.Fields;
import io.runtracker.internal.log.Positions;
import io.runtracker.internal.log.SpoolException;
import io.runtracker.internal.log.SpooledEvent;
import io.runtracker.internal.stage.Counts;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.WindowDraft;
import io.runtracker.sink.WindowSink;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A partition of which more is to be remembered than a commit holds. Without a cluster. */
class CrowdedPartitionTest {

  private static final TopicPartition PARTITION = new TopicPartition("requests", 0);
  private static final Duration LONG = Duration.ofMinutes(2);

  /** The good ones between them, at places that do not compress, take more than a commit holds. */
  private static final int REQUESTS = 1_400;

  private static final double BAD_SHARE = 0.4;

  /** A tenth of what a broker takes, so that few requests fill it. */
  private static final int MOST_CHARACTERS = 400;

  /** Of calls at the same time: a plan takes a tenth of it. */
  private static final int IN_FLIGHT = 2;

  private static final RelaySettings SETTINGS =
      new RelaySettings(
          Map.of(
              "RUNTRACKER_KAFKA_BOOTSTRAP_SERVERS", "nowhere:9092",
              "RUNTRACKER_TRACK_AS", "RUN",
              "RUNTRACKER_RETRY_DELAY", "300ms",
              "RUNTRACKER_MAX_RETRY_DELAY", "300ms",
              "RUNTRACKER_MAX_TRIES", "3",
              "RUNTRACKER_CLOSE_TIMEOUT", "0s"));

  private final List<SpooledEvent> records = new CopyOnWriteArrayList<>();
  private final Set<String> written = ConcurrentHashMap.newKeySet();
  private final Set<String> setAside = ConcurrentHashMap.newKeySet();
  private final PartitionMemory memory =
      new PartitionMemory(
          "requests-0", PartitionState.startingAt(0, "id"), () -> {}, MOST_CHARACTERS);
  private final TopicLog log = new TopicLog(memory, this::readAgain);
  private final Line line =
      Line.of(
          log,
          "source",
          (id, reason, events) -> setAside.add(id),
          SETTINGS.delivery,
          IN_FLIGHT,
          new Runs(),
          "source",
          new Counts(log::received),
          point -> {});
  private final Thread member = new Thread(this::commit);

  @AfterEach
  void end() {
    line.close();
    member.interrupt();
  }

  /** As a member of the group does, where each commit is made at once. */
  private void commit() {
    while (!Thread.currentThread().isInterrupted()) {
      try {
        memory.committed(memory.prepare());
      } catch (SpoolException e) {
        memory.failed(e);
      }
      Thread.onSpinWait();
    }
  }

  private void readAgain(Positions wanted, Consumer<SpooledEvent> consumer) {
    records.stream().filter(each -> wanted.contains(each.position())).forEach(consumer);
  }

  /** Takes what is not bad. */
  private final class Runs implements WindowSink {
    @Override
    public String create(RequestEvent event) {
      return event.eventId();
    }

    @Override
    public void complete(String runId, RequestEvent event) throws SinkException {
      if (event.target().path().equals("/bad")) {
        throw new SinkException(SinkException.Kind.FAILED, "told by the test", null);
      }
      assertThat(written.add(runId)).as(runId).isTrue();
    }

    @Override
    public Optional<String> find(RequestEvent event) {
      return Optional.empty();
    }

    @Override
    public WindowDraft newWindow() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Optional<String> find(RequestWindow window) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void discard(String runId) {}

    @Override
    public void close() {}
  }

  private ConsumerRecord<byte[], byte[]> record(boolean isBad) {
    int number = records.size();
    RequestTarget target = new RequestTarget("http", "shop", 80, isBad ? "/bad" : "/", null);
    RecordedEvent event = RecordedEvent.builder().of("s", number, "GET", target).build();
    Fields fields = new Fields(256);
    new EventCodec(0).encode(event, fields);
    ConsumerRecord<byte[], byte[]> record =
        new ConsumerRecord<>(PARTITION.topic(), 0, number, null, fields.toBytes());
    records.add(TopicLog.eventOf(record));
    return record;
  }

  private void fetch(List<ConsumerRecord<byte[], byte[]>> fetched) {
    log.add(fetched, records.size());
    line.delivery().appended(1);
  }

  @Test
  void
      bad_requests_between_so_many_good_ones_that_no_commit_names_them_do_not_stop_the_partition() {
    Random random = new Random(42);
    List<ConsumerRecord<byte[], byte[]>> all = new ArrayList<>();
    for (int i = 0; i < REQUESTS; i++) {
      all.add(record(random.nextDouble() < BAD_SHARE));
    }
    log.mayFetch(64 << 20);
    fetch(all);
    member.setDaemon(true);
    member.start();
    line.delivery().stage().start();
    await()
        .atMost(LONG)
        .until(
            () -> {
              fetch(List.of(record(false))); // or the last bad ones had nothing to be judged by
              return log.isDoneBelow(REQUESTS + 1);
            });
    assertThat(written.size() + setAside.size()).isEqualTo(log.done().sizeBelow(log.end()) - 1);
    assertThat(setAside).hasSizeBetween(400, 650);
  }
}
