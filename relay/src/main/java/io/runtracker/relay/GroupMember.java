// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import io.runtracker.internal.log.FailPoint;
import io.runtracker.internal.stage.Daemon;
import io.runtracker.internal.stage.Interruption;
import io.runtracker.internal.stage.RateLimitedLog;
import io.runtracker.internal.stage.Stage;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One of the group: has a line for each partition that it is given, fetches for it, and commits
 * what it knows. All calls to the group are made by the one thread of its stage.
 */
// Longer than others: what becomes of a partition at each word of the group belongs together.
final class GroupMember implements ConsumerRebalanceListener {

  private static final Logger logger = LoggerFactory.getLogger("io.runtracker.Relay");

  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration CALL = Duration.ofSeconds(5);

  private static final long FAULT_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long LONGEST_STOP_NANOS = TimeUnit.SECONDS.toNanos(30);

  /** What all partitions fetch ahead together. */
  private static final long FETCH_BYTES = 32L << 20;

  private static final long LEAST_FETCH_BYTES = 1L << 20;

  private final Consumer<byte[], byte[]> consumer;
  private final RelaySettings settings;
  private final PartitionLine.Surroundings surroundings;
  private final Lease lease;
  private final Commits commits;
  private final Stage stage;
  private final RateLimitedLog warnings = new RateLimitedLog();
  private final Map<TopicPartition, PartitionLine> lines = new ConcurrentHashMap<>();

  // Of the stage's thread.
  private boolean isSubscribed;
  private @Nullable String clusterId;

  private volatile boolean closing;
  private volatile boolean isMember;

  GroupMember(
      Consumer<byte[], byte[]> consumer,
      RelaySettings settings,
      Lease lease,
      PartitionLine.Surroundings surroundings) {
    this.consumer = consumer;
    this.settings = settings;
    this.lease = lease;
    this.surroundings = surroundings;
    this.commits = new Commits(consumer, settings.servers, lease, warnings);
    this.stage = new Stage("relay", this::round, FAULT_PAUSE_NANOS, FailPoint.NOBODY);
  }

  Stage stage() {
    return stage;
  }

  /** The lines of the partitions that it has now. */
  Collection<PartitionLine> lines() {
    return lines.values();
  }

  /** Whether the group knows it. */
  boolean isMember() {
    return isMember;
  }

  private boolean round() {
    if (closing) {
      leave();
      return false;
    }
    if (!isSubscribed) {
      consumer.subscribe(Set.of(settings.topic), this);
      isSubscribed = true;
    }
    try {
      ConsumerRecords<byte[], byte[]> records = poll();
      openMissing();
      lines.forEach((partition, line) -> take(partition, line, records));
      commits.makeDue(lines.values());
    } catch (WakeupException woken) {
      commits.makeDue(lines.values());
    } catch (KafkaException e) {
      warnings.warn("kafka", "Kafka at " + settings.servers + ": " + e + "; it is tried again");
      rest();
    }
    return true;
  }

  private static void rest() {
    try {
      TimeUnit.MILLISECONDS.sleep(500);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private ConsumerRecords<byte[], byte[]> poll() {
    try {
      return consumer.poll(POLL);
    } catch (NoOffsetForPartitionException unopened) {
      return ConsumerRecords.empty(); // its line is opened next, and says where it begins
    } catch (OffsetOutOfRangeException e) {
      e.offsetOutOfRangePartitions().forEach(this::skipDeleted);
      return ConsumerRecords.empty();
    }
  }

  /** Retention has deleted what nobody had written yet. */
  private void skipDeleted(TopicPartition partition, long offset) {
    PartitionLine line = lines.get(partition);
    Long first = consumer.beginningOffsets(Set.of(partition), CALL).get(partition);
    if (line == null || first == null || first <= offset) {
      warnings.warn(
          "range " + partition,
          partition
              + " ends before offset "
              + offset
              + ", up to which it was read: was the topic deleted and created again? This partition"
              + " stands still until its offset is reset");
      consumer.pause(Set.of(partition));
      return;
    }
    long lost = line.deleted(first);
    warnings.warn(
        "range " + partition,
        "Kafka has deleted " + lost + " requests of " + partition + " before they were written");
    consumer.seek(partition, first);
  }

  private void take(
      TopicPartition partition, PartitionLine line, ConsumerRecords<byte[], byte[]> records) {
    line.add(records.records(partition), consumer.position(partition, CALL));
    line.lag = consumer.currentLag(partition).orElse(-1);
    boolean isPaused = consumer.paused().contains(partition);
    if (line.isFull() != isPaused) {
      if (isPaused) {
        consumer.resume(Set.of(partition));
      } else {
        consumer.pause(Set.of(partition));
      }
    }
  }

  // The group's word.

  @Override
  public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
    isMember = true;
    lease.renewed(System.nanoTime());
    openMissing();
  }

  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
    List<PartitionLine> revoked = take(partitions);
    if (!revoked.isEmpty()) {
      close(revoked);
      commits.make(revoked);
      logger.info("Hands over {}", partitions);
    }
  }

  /** Another has them already, and knows what was committed. */
  @Override
  public void onPartitionsLost(Collection<TopicPartition> partitions) {
    close(take(partitions));
    logger.warn("Another relay has taken over {}, because this one was not heard of", partitions);
  }

  private List<PartitionLine> take(Collection<TopicPartition> partitions) {
    List<PartitionLine> taken = new ArrayList<>();
    for (TopicPartition partition : partitions) {
      PartitionLine line = lines.remove(partition);
      if (line != null) {
        taken.add(line);
      }
    }
    return taken;
  }

  /** All at once: each may have calls that take some seconds to end. */
  private static void close(List<PartitionLine> all) {
    List<Thread> threads = new ArrayList<>();
    for (PartitionLine line : all) {
      Thread thread = Daemon.of(line::close, "runtracker-closing");
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  // Lines.

  private void openMissing() {
    Set<TopicPartition> missing = new HashSet<>(consumer.assignment());
    missing.removeAll(lines.keySet());
    for (TopicPartition partition : missing) {
      try {
        open(partition);
        consumer.resume(Set.of(partition));
      } catch (IOException e) {
        consumer.pause(Set.of(partition));
        warnings.warn("open " + partition, partition + " stands still: " + e.getMessage());
      } catch (WakeupException later) {
        consumer.pause(Set.of(partition));
      } catch (KafkaException e) {
        consumer.pause(Set.of(partition));
        warnings.warn("open " + partition, partition + " cannot be read yet: " + e);
      }
    }
  }

  private void open(TopicPartition partition) throws IOException {
    OffsetAndMetadata known = consumer.committed(Set.of(partition), CALL).get(partition);
    PartitionState state =
        known == null
            ? PartitionState.startingAt(firstOffset(partition))
            : PartitionState.of(known);
    consumer.seek(partition, state.offset());
    int share = Math.max(1, consumer.assignment().size());
    PartitionLine line =
        PartitionLine.start(
            partition,
            state,
            clusterId(),
            Math.max(2, settings.delivery.inFlight / share),
            Math.max(LEAST_FETCH_BYTES, FETCH_BYTES / share),
            surroundings);
    lines.put(partition, line);
    logger.info("Reads {} from offset {} on", partition, state.offset());
  }

  /** Of a partition that the group has never read. */
  private long firstOffset(TopicPartition partition) {
    Long first = consumer.beginningOffsets(Set.of(partition), CALL).get(partition);
    return first == null ? 0 : first;
  }

  private String clusterId() throws IOException {
    String known = clusterId;
    if (known == null) {
      try (Admin admin = Admin.create(settings.rereader())) {
        known = admin.describeCluster().clusterId().get(CALL.toSeconds(), TimeUnit.SECONDS);
        clusterId = known;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      } catch (ExecutionException | TimeoutException e) {
        throw new IOException("the cluster does not say its id: " + e, e);
      }
    }
    return known;
  }

  // The end.

  private void leave() {
    try {
      List<PartitionLine> all = take(Set.copyOf(lines.keySet()));
      close(all);
      if (!all.isEmpty()) {
        commits.make(all);
      }
    } finally {
      consumer.close(CloseOptions.timeout(CALL));
    }
  }

  /** Hands all partitions over; what is under way then is the next one's to look up. */
  void close() {
    closing = true;
    consumer.wakeup();
    try (Interruption interruption = new Interruption()) {
      stage.join(System.nanoTime() + LONGEST_STOP_NANOS, interruption);
    }
  }
}
