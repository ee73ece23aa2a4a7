// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import io.runtracker.internal.log.Backlog;
import io.runtracker.internal.log.Memory;
import io.runtracker.internal.log.Positions;
import io.runtracker.internal.log.SpoolException;
import io.runtracker.internal.log.SpooledEvent;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * A partition as delivery reads it. What is fetched ahead is bounded by bytes; what is read again
 * comes from the cluster.
 */
final class TopicLog implements Backlog {

  /** With more that a commit has to hold, what waits in the middle goes first. */
  private static final double CROWDED = 0.5;

  /** With more, one after the other is begun: some pass, and tell who those are that fail. */
  private static final double NEARLY_FULL = 0.7;

  /**
   * With more, those that fail are settled first: each that passes between them takes room too. It
   * leaves room for as many plans as there may be calls of those.
   */
  private static final double FULL = 0.8;

  private final PartitionMemory memory;
  private final Again again;

  // Guarded by this.
  private long mostBytes;
  private final Queue<SpooledEvent> fetched = new ArrayDeque<>();
  private long fetchedBytes;

  private volatile long end;
  private volatile long cursor;
  private volatile long received;
  private volatile boolean closed;

  /** Where records are read again. */
  interface Again {
    /** Hands over what is still there, in ascending order. */
    void read(Positions wanted, Consumer<SpooledEvent> consumer) throws SpoolException;
  }

  /** Begins where the group is. Fetches nothing ahead until it may. */
  TopicLog(PartitionMemory memory, Again again) {
    this.memory = memory;
    this.again = again;
    this.end = memory.settledBelow();
    this.cursor = end;
  }

  /**
   * Takes what was fetched.
   *
   * @param nextOffset behind it, and behind what the cluster leaves out: markers of transactions,
   *     and records of those that were given up
   * @return bytes of what delivery has to do
   */
  synchronized long add(List<ConsumerRecord<byte[], byte[]>> records, long nextOffset) {
    Positions.Builder there = new Positions.Builder();
    records.forEach(each -> there.add(positionOf(each)));
    Positions done = memory.done();
    Positions leftOut = Positions.of(end, nextOffset + 1).minus(there.build()).minus(done);
    if (!leftOut.isEmpty()) {
      memory.done(leftOut);
    }
    long bytes = 0;
    for (ConsumerRecord<byte[], byte[]> each : records) {
      long position = positionOf(each);
      if (position >= end && !done.contains(position)) { // else it is here already
        SpooledEvent event = eventOf(each);
        fetched.add(event);
        fetchedBytes += event.length();
        bytes += event.length();
        received++;
        end = position + 1; // at once: where memory is short, the rest is fetched again
      }
    }
    end = Math.max(end, nextOffset + 1);
    return bytes;
  }

  /**
   * The cluster has deleted what is before an offset and was not fetched yet.
   *
   * @param planned what a relay before may have written all the same; whoever looks for it finds
   *     out
   */
  synchronized void deleted(long firstOffset, Positions planned) {
    Positions gone = Positions.of(end, firstOffset + 1).minus(memory.done());
    received += gone.size();
    memory.lost(gone.minus(planned));
    end = Math.max(end, firstOffset + 1);
  }

  /** Positions begin with 1, and offsets with 0. */
  static long positionOf(ConsumerRecord<byte[], byte[]> received) {
    return received.offset() + 1;
  }

  /** Of a record without a value none can be read, and delivery sets that aside. */
  static SpooledEvent eventOf(ConsumerRecord<byte[], byte[]> received) {
    byte[] event = RecordValue.bytesOf(received);
    return new SpooledEvent(positionOf(received), event, 0, event.length);
  }

  /** So much may be fetched ahead, and one more fetch. */
  synchronized void mayFetch(long bytes) {
    mostBytes = bytes;
  }

  /** Whether nothing more is to be fetched now. */
  synchronized boolean isFull() {
    return fetchedBytes >= mostBytes;
  }

  /** How many events came that were not done. */
  long received() {
    return received;
  }

  @Override
  public synchronized @Nullable SpooledEvent next() {
    if (closed) {
      return null;
    }
    SpooledEvent event = fetched.poll();
    if (event == null) {
      cursor = end;
      return null;
    }
    fetchedBytes -= event.length();
    cursor = event.position() + 1;
    return event;
  }

  @Override
  public void read(Positions wanted, Consumer<SpooledEvent> consumer) throws SpoolException {
    again.read(wanted, consumer);
  }

  /** Its owner knows what is in the payload, and is asked for all that matters when it is time. */
  @Override
  public void control(byte[] payload, Positions about) throws SpoolException {
    memory.await();
  }

  @Override
  public void done(Positions positions, byte[] ledger) {
    memory.done(positions, ledger);
  }

  @Override
  public void reap() {} // that is the cluster's

  @Override
  public void release(long below, Supplier<Positions> but) {} // nothing is kept

  @Override
  public void holdOnHeap(long bytes) {} // what is fetched ahead is bounded by itself

  @Override
  public Positions done() {
    return memory.done();
  }

  @Override
  public long live() {
    long behind = end;
    return behind - memory.done().sizeBelow(behind);
  }

  @Override
  public long settledBelow() {
    return memory.settledBelow();
  }

  @Override
  public long end() {
    return end;
  }

  @Override
  public long readBelow() {
    return cursor;
  }

  @Override
  public boolean isKept(Positions positions) {
    return true;
  }

  @Override
  public boolean isCrowded() {
    return memory.share() > CROWDED;
  }

  @Override
  public Room room() {
    double share = memory.share();
    return share > FULL ? Room.FOR_JUDGING : share > NEARLY_FULL ? Room.FOR_ONE : Room.FOR_ALL;
  }

  @Override
  public long onHeapAlone() {
    return 0;
  }

  @Override
  public Memory memory() {
    return memory;
  }

  /** Where to read on. */
  long nextOffset() {
    return end - 1;
  }

  /**
   * Nobody is given anything any more.
   *
   * @return behind what was
   */
  synchronized long stopHandingOut() {
    closed = true;
    return cursor;
  }

  @Override
  public void close() {
    stopHandingOut();
    memory.close();
  }
}
