// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import io.runtracker.internal.log.SpoolException;
import io.runtracker.internal.stage.RateLimitedLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Commits what lines know. Belongs to the thread that calls the group. */
final class Commits {

  private static final Duration CALL = Duration.ofSeconds(5);

  /** What nobody waits for is committed that often; the lease is renewed by it. */
  private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** Each takes one that wakes the member, of which there are as many as calls. */
  private static final int MOST_TRIES = 100;

  private static final Logger logger = LoggerFactory.getLogger("io.runtracker.Relay");

  private final Consumer<byte[], byte[]> consumer;
  private final String servers;
  private final Lease lease;
  private final RateLimitedLog warnings;
  private long madeNanos = System.nanoTime();

  Commits(Consumer<byte[], byte[]> consumer, String servers, Lease lease, RateLimitedLog warnings) {
    this.consumer = consumer;
    this.servers = servers;
    this.lease = lease;
    this.warnings = warnings;
  }

  /** Of those that somebody waits for; of all once in a while, whether they changed or not. */
  void makeDue(Collection<PartitionLine> lines) {
    long now = System.nanoTime();
    boolean isTime = now - madeNanos >= PAUSE_NANOS;
    List<PartitionLine> due = new ArrayList<>();
    for (PartitionLine line : lines) {
      if (isTime || line.memory.isAwaited()) {
        due.add(line);
      }
    }
    if (!due.isEmpty()) {
      make(due);
    }
    madeNanos = isTime ? now : madeNanos;
  }

  /** Of all that is known now. A wake-up of before does not put it off. */
  void makeAll(Collection<PartitionLine> lines) {
    List<PartitionLine> all = List.copyOf(lines);
    for (int tries = 0; !all.isEmpty() && !make(all) && tries < MOST_TRIES; tries++) {
      logger.debug("A commit of {} lines is made again", all.size());
    }
  }

  /**
   * Each partition's is whole; those of several are not one.
   *
   * @return false when it is worth another try at once
   */
  private boolean make(List<PartitionLine> lines) {
    Map<PartitionLine, PartitionMemory.Commit> commits = new HashMap<>();
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    for (PartitionLine line : lines) {
      try {
        PartitionMemory.Commit commit = line.memory.prepare();
        commits.put(line, commit);
        offsets.put(line.partition, commit.what());
      } catch (SpoolException e) {
        // Who takes back what is too much must be one of the group, which a commit proves.
        offsets.put(line.partition, line.memory.lastCommitted());
        line.memory.failed(e);
        warnings.warn("commit " + line.partition, e.getMessage() + "; it is tried again");
      }
    }
    if (offsets.isEmpty()) {
      return true; // the client asks nobody then, so it proves no lease
    }
    long asked = System.nanoTime();
    try {
      consumer.commitSync(offsets, CALL);
      lease.renewed(asked);
      commits.forEach((line, commit) -> line.memory.committed(commit));
    } catch (WakeupException | RebalanceInProgressException again) {
      commits.keySet().forEach(line -> line.memory.askAgain());
      return false;
    } catch (CommitFailedException e) {
      failed(commits.keySet(), e); // the next poll says what was taken away
    } catch (KafkaException e) {
      failed(commits.keySet(), e);
      warnings.warn("commit", "Kafka at " + servers + " takes no commits: " + e);
    }
    return true;
  }

  private static void failed(Collection<PartitionLine> lines, Exception cause) {
    lines.forEach(line -> line.memory.failed(cause));
  }
}
