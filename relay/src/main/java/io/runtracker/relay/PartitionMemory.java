// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import io.runtracker.internal.log.Memory;
import io.runtracker.internal.log.Positions;
import io.runtracker.internal.log.SpoolException;
import java.util.List;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is known of a partition, and goes out with the next commit. The member of the group makes
 * the commits; whoever needs one waits for it. Safe for use by any thread.
 */
final class PartitionMemory implements Memory {

  private static final Logger logger = LoggerFactory.getLogger("io.runtracker.Relay");

  /** A broker takes 4096 by default. */
  private static final int MOST_CHARACTERS = 4000;

  private final String name;
  private final PartitionState recovered;
  private final Runnable wakeMember;
  private final int mostCharacters;

  // Guarded by this.
  private long changes;
  private long committed;
  private long failed;
  private @Nullable Exception failure;
  private boolean awaited;
  private boolean closed;
  private OffsetAndMetadata lastCommitted;

  private volatile Positions done;
  private volatile long settledBelow;
  private volatile long lost;
  private volatile int characters;
  private volatile byte @Nullable [] ledger;
  private volatile Supplier<List<byte[]>> snapshot = List::of;

  /**
   * Knows what the group knows.
   *
   * @param name of the partition, for messages
   * @param wakeMember a commit is awaited
   */
  PartitionMemory(String name, PartitionState recovered, Runnable wakeMember) {
    this(name, recovered, wakeMember, MOST_CHARACTERS);
  }

  /** As above, where a commit takes so many characters. */
  PartitionMemory(String name, PartitionState recovered, Runnable wakeMember, int mostCharacters) {
    this.name = name;
    this.recovered = recovered;
    this.wakeMember = wakeMember;
    this.mostCharacters = mostCharacters;
    this.done = recovered.done();
    this.ledger = recovered.ledger();
    this.settledBelow = recovered.offset() + 1;
    this.lastCommitted = recovered.toCommit();
  }

  /** What is to be committed, and what is safe once it is. */
  record Commit(OffsetAndMetadata what, long changes, long settledBelow) {}

  /** Whether somebody waits for a commit. */
  synchronized boolean isAwaited() {
    return awaited;
  }

  /**
   * What is known now. The snapshot is taken first: a unit that is settled in between is planned
   * and done, and so is not written again.
   *
   * @throws SpoolException when it is more than a commit may hold
   */
  Commit prepare() throws SpoolException {
    long known;
    synchronized (this) {
      known = changes;
      awaited = false;
    }
    List<byte[]> controls = snapshot.get();
    PartitionState state;
    synchronized (this) {
      state = new PartitionState(done, controls, ledger, recovered.topicId());
    }
    OffsetAndMetadata what = state.toCommit();
    characters = what.metadata().length();
    if (characters > mostCharacters) {
      throw new SpoolException(
          "Too much waits in the middle of " + name + " to be remembered in a commit", null);
    }
    return new Commit(what, known, state.offset() + 1);
  }

  /** What the group knows already; to commit it again changes nothing. */
  synchronized OffsetAndMetadata lastCommitted() {
    return lastCommitted;
  }

  synchronized void committed(Commit commit) {
    committed = Math.max(committed, commit.changes());
    lastCommitted = commit.what();
    settledBelow = Math.max(settledBelow, commit.settledBelow());
    notifyAll();
  }

  /** The commit will not come. Whoever waits for it is told, and may ask again. */
  synchronized void failed(Exception cause) {
    failed = changes;
    failure = cause;
    notifyAll();
  }

  /** It was not made, and is to be made again soon. */
  synchronized void askAgain() {
    awaited = true;
  }

  /** How much of what a commit may hold is taken. */
  double share() {
    return (double) characters / mostCharacters;
  }

  /** Waits until all that is known now is safe. */
  void await() throws SpoolException {
    long ticket;
    synchronized (this) {
      ticket = ++changes;
      awaited = true;
    }
    wakeMember.run();
    awaitCommit(ticket);
  }

  private synchronized void awaitCommit(long ticket) throws SpoolException {
    while (committed < ticket) {
      if (failed >= ticket) {
        throw notRemembered(failure);
      }
      if (closed) {
        throw notRemembered(null);
      }
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw notRemembered(e);
      }
    }
  }

  private SpoolException notRemembered(@Nullable Exception cause) {
    String why = cause == null ? "this relay has it no longer" : String.valueOf(cause.getMessage());
    return new SpoolException("Nothing can be committed for " + name + " now: " + why, cause);
  }

  /** Nobody is waited for any more; what is known can still be committed. */
  synchronized void close() {
    closed = true;
    notifyAll();
  }

  synchronized void done(Positions positions) {
    done = done.plus(positions);
    changes++;
  }

  synchronized void done(Positions positions, byte[] newLedger) {
    done = done.plus(positions);
    ledger = newLedger;
    changes++;
  }

  Positions done() {
    return done;
  }

  /** As {@link io.runtracker.internal.log.Backlog#settledBelow}. */
  long settledBelow() {
    return settledBelow;
  }

  @Override
  public List<byte[]> controls() {
    return recovered.controls();
  }

  @Override
  public void snapshotFrom(Supplier<List<byte[]>> owner) {
    snapshot = owner;
  }

  @Override
  public synchronized void controlLater(byte[] payload, long behind) {
    changes++;
  }

  @Override
  public byte @Nullable [] ledger() {
    return recovered.ledger();
  }

  @Override
  public synchronized void ledger(byte[] newLedger) {
    ledger = newLedger;
    changes++;
  }

  @Override
  public void commit() {} // the member does, each second

  @Override
  public Positions live() {
    return Positions.of(0, Long.MAX_VALUE).minus(done);
  }

  /** None at first: what is to come is counted when it is fetched. */
  @Override
  public long liveCount() {
    return 0;
  }

  @Override
  public synchronized void lost(Positions positions) {
    Positions gone = positions.minus(done);
    if (!gone.isEmpty()) {
      lost += gone.size();
      done(positions);
      logger.warn(
          "Kafka has deleted {} requests of {} before they were written: offsets from {} to {}",
          gone.size(),
          name,
          gone.first() - 1,
          gone.end() - 2);
    }
  }

  @Override
  public long lostCount() {
    return lost;
  }

  @Override
  public long unsureBelow() {
    return 0;
  }
}
