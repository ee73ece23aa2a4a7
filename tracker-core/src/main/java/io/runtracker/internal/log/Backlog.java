// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What waits for delivery: events, each at its position, until they are done. It is a log of this
 * process ({@link Log}), or one that others write and this one only reads.
 *
 * <p>One thread calls {@link #next}. Any thread may call the rest.
 */
public interface Backlog extends AutoCloseable {

  /** What may be begun. */
  enum Room {
    /** As much as there is. */
    FOR_ALL,
    /** One more only when no other is under way. */
    FOR_ONE,
    /** And that only when each that failed waits until another passes. */
    FOR_JUDGING
  }

  /**
   * The next event that is not done; null when there is none now.
   *
   * @throws SpoolException when it cannot be read now
   */
  @Nullable SpooledEvent next() throws SpoolException;

  /** Hands over events again, in ascending order; those that are gone are left out. */
  void read(Positions wanted, Consumer<SpooledEvent> consumer) throws SpoolException;

  /**
   * Remembers something about events across a restart, before they are sent. Where there is no
   * {@link #memory}, nothing is left of them after a restart either.
   *
   * @throws SpoolException when it cannot be remembered now
   */
  void control(byte[] payload, Positions about) throws SpoolException;

  /**
   * Events need nothing more. Takes no time; {@link #reap} is to follow. Where it throws, as where
   * memory is short, they are not done.
   *
   * @param ledger to be remembered in the same write
   */
  void done(Positions positions, byte[] ledger);

  /** Lets go of what nobody needs any more, which takes its time. */
  void reap();

  /**
   * From here on downwards nothing is read again from the heap.
   *
   * @param but what is, all the same
   */
  void release(long below, Supplier<Positions> but);

  /** Somebody holds so many more bytes of events, which count as if they were here. */
  void holdOnHeap(long bytes);

  /** All events that are done, however long ago. */
  Positions done();

  /** How many events are not done. */
  long live();

  /** Whether all events below a position are done. */
  default boolean isDoneBelow(long position) {
    return Positions.of(1, position).minus(done()).isEmpty();
  }

  /**
   * All events below are done for good: none of them is handed out again, also after a restart of
   * the process.
   */
  long settledBelow();

  /** The position of the next event. */
  long end();

  /** All events below were handed out by {@link #next}, or found lost. */
  long readBelow();

  /** Whether these events can be read again, whatever becomes of the heap. */
  boolean isKept(Positions positions);

  /** Whether it is to be emptied by the shortest way, because it has little room left. */
  boolean isCrowded();

  /** How much more may be begun, by the room that is left to remember it. */
  Room room();

  /** How many events are not done, and are lost with the process. */
  long onHeapAlone();

  /** What outlives the process, or null where nothing does. */
  @Nullable Memory memory();

  @Override
  void close() throws SpoolException;
}
