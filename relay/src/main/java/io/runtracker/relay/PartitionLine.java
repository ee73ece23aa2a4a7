// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import io.runtracker.Ledger;
import io.runtracker.internal.delivery.Line;
import io.runtracker.internal.log.FailPoint;
import io.runtracker.internal.stage.Counts;
import io.runtracker.sink.WindowSink;
import java.util.List;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** From one partition to the sink: the core's line, with the partition as its backlog. */
final class PartitionLine {

  final TopicPartition partition;
  final PartitionMemory memory;
  private final TopicLog log;
  private final Counts counts;
  private final Line line;

  /** How far the group is behind, as the client knew it last; -1 where it does not. */
  volatile long lag = -1;

  // Of the member's thread.
  private long finishesBelow;

  /** Whether nothing more is to be read, because nobody knows what that would be. */
  volatile boolean isStopped;

  private PartitionLine(
      TopicPartition partition, PartitionMemory memory, TopicLog log, Counts counts, Line line) {
    this.partition = partition;
    this.memory = memory;
    this.log = log;
    this.counts = counts;
    this.line = line;
  }

  /** What lines have in common. */
  record Surroundings(
      RelaySettings settings,
      WindowSink sink,
      Rejected rejected,
      Runnable wakeMember,
      Consumer<FailPoint> failPoints) {}

  /**
   * Begins where the group is.
   *
   * @param clusterId is in the names of windows, since other clusters have such a topic too; and so
   *     is the topic's own id, since another one of the name has the same positions
   * @param inFlight the most runs that it writes at the same time
   */
  static PartitionLine start(
      TopicPartition partition,
      PartitionState state,
      String clusterId,
      int inFlight,
      Surroundings of) {
    PartitionMemory memory = new PartitionMemory(partition.toString(), state, of.wakeMember);
    TopicLog log =
        new TopicLog(memory, new Rereader(of.settings.rereader(), partition, state.topicId()));
    Counts counts = new Counts(log::received);
    String source = clusterId + "-" + partition + "-" + state.topicId();
    Line line =
        Line.of(
            log,
            source,
            of.rejected.of(partition),
            of.settings.delivery,
            inFlight,
            of.sink,
            source,
            counts,
            of.failPoints);
    line.delivery().stage().start();
    return new PartitionLine(partition, memory, log, counts, line);
  }

  /** May hold so many bytes of what is fetched ahead, of windows, and of runs. */
  void mayHold(long bytes) {
    log.mayFetch(bytes);
    line.mayHold(bytes);
  }

  /** Takes what was fetched, see {@link TopicLog#add}. */
  void add(List<ConsumerRecord<byte[], byte[]>> records, long nextOffset) {
    long bytes = log.add(records, nextOffset);
    if (bytes > 0) {
      line.delivery().appended(bytes);
    }
  }

  /** The cluster has deleted what is before an offset. */
  void deleted(long firstOffset) {
    log.deleted(firstOffset, line.assembler().planned());
  }

  boolean isFull() {
    return log.isFull();
  }

  Ledger ledger() {
    return counts.ledger();
  }

  long waiting() {
    return log.live();
  }

  long oldestNanos() {
    return line.assembler().ageNanos();
  }

  boolean isServerAway() {
    return line.delivery().isServerAway();
  }

  boolean isStandingStill() {
    return line.delivery().stage().isStill();
  }

  /** Where to read on. */
  long nextOffset() {
    return log.nextOffset();
  }

  /** Takes up nothing more, and writes at once what it has. */
  void finish() {
    finishesBelow = log.stopHandingOut();
    line.hurry(finishesBelow);
  }

  /** Whether all is written that it had, or MLflow is away. */
  boolean isFinished() {
    return log.isDoneBelow(finishesBelow) || isServerAway();
  }

  /** Ends its calls. What is not delivered is the next one's; {@link #memory} knows what it was. */
  void close() {
    line.close();
  }
}
