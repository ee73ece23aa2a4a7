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
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
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
  private static final long HANDING_OVER_MILLIS = 10;

  /** What stands still is looked at again, without keeping the others from being read. */
  private static final long AGAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(3);
  private static final long LONGEST_CREATE_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long LONGEST_OPENING_NANOS = TimeUnit.SECONDS.toNanos(15);

  /** Of what closeTimeout does not bound. */
  private static final long LONGEST_STOP_NANOS = TimeUnit.SECONDS.toNanos(20);

  /** What all partitions together fetch ahead, hold in windows, and hold in runs: each of them. */
  private static final long HELD_BYTES = 32L << 20;

  private static final long LEAST_HELD_BYTES = 512L << 10;

  private final Consumer<byte[], byte[]> consumer;
  private final RelaySettings settings;
  private final PartitionLine.Surroundings surroundings;
  private final Lease lease;
  private final Commits commits;
  private final TopicWatch watch;
  private final Beginnings beginnings;
  private final Stage stage;
  private final RateLimitedLog warnings = new RateLimitedLog();
  private final Map<TopicPartition, PartitionLine> lines = new ConcurrentHashMap<>();

  // Of the stage's thread.
  private boolean isSubscribed;

  /** Whether the client has fetched what the lines were not given. */
  private boolean isFetchUnsure;

  private long openedNanos = System.nanoTime() - AGAIN_NANOS;
  private long lookedNanos = System.nanoTime();
  private TopicWatch.@Nullable Identity identity;

  private volatile int unopened;
  private volatile boolean closing;
  private volatile boolean isMember;

  GroupMember(
      Consumer<byte[], byte[]> consumer,
      TopicWatch watch,
      RelaySettings settings,
      Lease lease,
      PartitionLine.Surroundings surroundings) {
    this.consumer = consumer;
    this.settings = settings;
    this.surroundings = surroundings;
    this.lease = lease;
    this.commits = new Commits(consumer, settings.servers, lease, warnings);
    this.watch = watch;
    this.beginnings = new Beginnings(consumer, watch, settings);
    this.stage = new Stage("relay", this::round, FAULT_PAUSE_NANOS, FailPoint.NOBODY);
  }

  Stage stage() {
    return stage;
  }

  /** The lines of the partitions that it has now. */
  Collection<PartitionLine> lines() {
    return lines.values();
  }

  /** How many partitions it has and cannot read. */
  int unopened() {
    return unopened;
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
    if (isFetchUnsure) { // a line would take what it was not given for what is not there
      Set<TopicPartition> mine = consumer.assignment();
      lines.forEach(
          (partition, line) -> {
            if (mine.contains(partition)) {
              consumer.seek(partition, line.nextOffset());
            }
          });
      isFetchUnsure = false;
    }
    try {
      receive(fetched());
      boolean isUnsure = isFetchUnsure;
      isFetchUnsure = true; // an Error may leave a line that is begun and not read
      openMissing(); // behind it, since records from before a line begins are not the line's
      isFetchUnsure = isUnsure;
      lookForTopic();
      commits.makeDue(lines.values());
    } catch (WakeupException woken) {
      commits.makeDue(lines.values());
    } catch (KafkaException e) {
      warnOf(e);
      rest();
    }
    return true;
  }

  /** An Error in the client, such as a lack of memory, loses what it had fetched already. */
  private ConsumerRecords<byte[], byte[]> fetched() {
    isFetchUnsure = true;
    try {
      return poll(POLL);
    } catch (KafkaException told) {
      isFetchUnsure = false;
      throw told;
    }
  }

  private void warnOf(KafkaException e) {
    String hint = "; it is tried again";
    if (e instanceof TopicAuthorizationException) {
      hint = "; allow Read on the topic " + settings.topic;
    } else if (e instanceof GroupAuthorizationException) {
      hint = "; allow Read on the group " + settings.group();
    }
    String kind = e.getClass().getName();
    warnings.warn("kafka " + kind, "Kafka at " + settings.servers + ": " + e + hint);
  }

  private static void rest() {
    rest(500);
  }

  private static void rest(long millis) {
    try {
      TimeUnit.MILLISECONDS.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private ConsumerRecords<byte[], byte[]> poll(Duration longest) {
    try {
      return consumer.poll(longest);
    } catch (NoOffsetForPartitionException unopened) {
      return ConsumerRecords.empty(); // its line is opened next, and says where it begins
    } catch (OffsetOutOfRangeException e) {
      e.offsetOutOfRangePartitions().forEach(this::skipDeleted);
      return ConsumerRecords.empty();
    }
  }

  /**
   * Asks after each fetch which topic it is: the client reads on in one that was created anew as if
   * nothing had happened. What was fetched before the answer is of the topic that it names.
   */
  private void receive(ConsumerRecords<byte[], byte[]> records) {
    if (records.nextOffsets().isEmpty() || isTopicKnown()) {
      lines.forEach((partition, line) -> take(partition, line, records));
      isFetchUnsure = false;
    }
  }

  private boolean isTopicKnown() {
    try {
      knowTopic(watch.identity());
      return true;
    } catch (IOException e) {
      warnings.warn("topic", settings.topic + " cannot be asked for its id: " + e.getMessage());
      rest();
      return false;
    }
  }

  /** Kafka's client says nothing of a topic that is not there, and waits. */
  private void lookForTopic() {
    if (consumer.assignment().isEmpty() && System.nanoTime() - lookedNanos > LOOK_NANOS) {
      try {
        watch.identity();
      } catch (IOException e) {
        warnings.warn(
            "no topic", settings.topic + " at " + settings.servers + ": " + e.getMessage());
      }
      lookedNanos = System.nanoTime();
    }
  }

  /** Nothing of one topic may be committed for another, nor be written as a part of it. */
  private void knowTopic(TopicWatch.Identity now) {
    TopicWatch.Identity before = identity;
    identity = now;
    if (before != null && !before.equals(now)) {
      List<PartitionLine> old = take(Set.copyOf(lines.keySet()));
      long waiting = old.stream().mapToLong(PartitionLine::waiting).sum();
      close(old);
      logger.warn(
          "{} was deleted and created again, or its cluster was: it was the {} and is the {} now."
              + " Of {} requests of the old one nobody knows whether they are in MLflow",
          settings.topic,
          before,
          now,
          waiting);
    }
  }

  private void skipDeleted(TopicPartition partition, long offset) {
    PartitionLine line = isTopicKnown() ? lines.get(partition) : null;
    if (line == null) {
      return; // it is asked again, or opened next and begins elsewhere
    }
    Long first = consumer.beginningOffsets(Set.of(partition), CALL).get(partition);
    if (first == null || first <= offset) {
      warnings.warn(
          "range " + partition,
          partition
              + " ends before offset "
              + offset
              + ", up to which it was read: the cluster has lost what it had acknowledged. This"
              + " partition stands still: stop the relays, and reset its offset");
      line.isStopped = true; // for as long as this relay has it
      consumer.pause(Set.of(partition));
      return;
    }
    line.deleted(first); // retention has deleted what nobody had written yet
    consumer.seek(partition, first);
  }

  private void take(
      TopicPartition partition, PartitionLine line, ConsumerRecords<byte[], byte[]> records) {
    OffsetAndMetadata next = records.nextOffsets().get(partition);
    if (next != null) { // not asked of the consumer, which may fail: the records would be lost
      line.add(records.records(partition), next.offset());
    }
    line.lag = consumer.currentLag(partition).orElse(-1);
    boolean isPaused = consumer.paused().contains(partition);
    if ((line.isStopped || line.isFull()) != isPaused) {
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
    openedNanos = System.nanoTime() - AGAIN_NANOS;
    openMissing();
  }

  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
    List<PartitionLine> revoked = take(partitions);
    if (!revoked.isEmpty()) {
      handOver(revoked);
      logger.info("Hands over {}", partitions);
    }
  }

  /** With all written that was read, where it can be: the next one has nothing to look up then. */
  private void handOver(List<PartitionLine> leaving) {
    leaving.forEach(PartitionLine::finish);
    long deadline = System.nanoTime() + settings.longestHandingOver().toNanos();
    List<PartitionLine> all = new ArrayList<>(leaving);
    all.addAll(lines.values());
    while (!leaving.stream().allMatch(PartitionLine::isFinished)
        && System.nanoTime() - deadline < 0) {
      commits.makeDue(all);
      rest(HANDING_OVER_MILLIS);
    }
    close(leaving);
    commits.makeAll(leaving);
  }

  /**
   * Another has them already, and knows what was committed. A create that is under way is not
   * interrupted: it may be a second one, and only who made it knows what to take back.
   */
  @Override
  public void onPartitionsLost(Collection<TopicPartition> partitions) {
    isMember = false;
    lease.lose();
    long deadline = System.nanoTime() + LONGEST_CREATE_NANOS;
    while (!lease.isIdle() && System.nanoTime() - deadline < 0) {
      rest(HANDING_OVER_MILLIS);
    }
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
    shareMemory();
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
    unopened = missing.size();
    long now = System.nanoTime();
    if (closing || missing.isEmpty() || now - openedNanos < AGAIN_NANOS) {
      return;
    }
    // The client reads none of its partitions while one has no position.
    consumer.pause(missing);
    missing.forEach(partition -> consumer.seek(partition, 0));
    try {
      knowTopic(watch.identity());
      Map<TopicPartition, OffsetAndMetadata> known = beginnings.committed(missing);
      for (TopicPartition partition : missing) {
        if (System.nanoTime() - now < LONGEST_OPENING_NANOS) { // others are to be read meanwhile
          open(partition, known.get(partition));
        }
      }
      openedNanos = System.nanoTime();
    } catch (IOException e) {
      warnings.warn("topic", settings.topic + " cannot be asked for its id: " + e.getMessage());
      openedNanos = System.nanoTime();
    } catch (WakeupException woken) {
      return; // it is opened in the next round
    } catch (KafkaException e) {
      warnOf(e);
      openedNanos = System.nanoTime();
    }
  }

  private void open(TopicPartition partition, @Nullable OffsetAndMetadata known) {
    TopicWatch.Identity topic = Objects.requireNonNull(identity);
    try {
      start(partition, beginnings.of(partition, known, topic.topicId()), topic.clusterId());
    } catch (IOException e) {
      warnings.warn("open " + partition, partition + " stands still: " + e.getMessage());
    } catch (WakeupException woken) {
      throw woken;
    } catch (KafkaException e) {
      warnings.warn("open " + partition, partition + " cannot be read yet: " + e);
    }
  }

  private void start(TopicPartition partition, PartitionState state, String clusterId) {
    PartitionLine line =
        PartitionLine.start(
            partition,
            state,
            clusterId,
            Math.max(2, settings.delivery.inFlight / Math.max(1, consumer.assignment().size())),
            surroundings);
    lines.put(partition, line);
    shareMemory();
    consumer.seek(partition, state.offset());
    consumer.resume(Set.of(partition));
    logger.info("Reads {} from offset {} on", partition, state.offset());
  }

  private void shareMemory() {
    long share = HELD_BYTES / Math.max(1, lines.size());
    lines.values().forEach(line -> line.mayHold(Math.max(LEAST_HELD_BYTES, share)));
  }

  // The end.

  /** As {@link #handOver}, and goes on as a member meanwhile: others may wait for its word. */
  private void leave() {
    try {
      lines.values().forEach(PartitionLine::finish);
      long deadline = System.nanoTime() + settings.longestHandingOver().toNanos();
      while (!lines.values().stream().allMatch(PartitionLine::isFinished)
          && System.nanoTime() - deadline < 0) {
        stay();
        commits.makeDue(lines.values());
      }
      List<PartitionLine> all = take(Set.copyOf(lines.keySet()));
      close(all);
      commits.makeAll(all);
    } finally {
      watch.close();
      consumer.close(CloseOptions.timeout(CALL));
    }
  }

  private void stay() {
    try {
      consumer.pause(consumer.assignment());
      poll(Duration.ofMillis(HANDING_OVER_MILLIS));
    } catch (WakeupException woken) {
      return; // somebody waits for a commit
    } catch (KafkaException e) {
      warnOf(e);
      rest(HANDING_OVER_MILLIS);
    }
  }

  /** Hands all partitions over; what is under way then is the next one's to look up. */
  void close() {
    closing = true;
    consumer.wakeup();
    try (Interruption interruption = new Interruption()) {
      long longest = settings.longestHandingOver().toNanos() + LONGEST_STOP_NANOS;
      stage.join(System.nanoTime() + longest, interruption);
    }
  }
}
