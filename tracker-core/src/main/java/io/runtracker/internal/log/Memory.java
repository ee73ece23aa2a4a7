// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link Backlog} knows across a restart: which events are done, and records of its owner
 * about the others. Safe for use by any thread.
 */
public interface Memory {

  /** What {@link Backlog#control} had written before this life, as far as it is still there. */
  List<byte[]> controls();

  /**
   * Whom to ask for all controls that still matter, when they are written again. Asked by every
   * thread that writes, while nothing else is written: so it must not wait for a thread that
   * writes. It must know a control before {@link Backlog#control} is called, and may forget what is
   * about events only behind {@link Backlog#done}.
   */
  void snapshotFrom(Supplier<List<byte[]>> owner);

  /**
   * Remembers something with the next write.
   *
   * @param end behind the positions that it is about: none below it is ever given to another event
   */
  void controlLater(byte[] payload, long end);

  /** The ledger last written, or null when there is none. */
  byte @Nullable [] ledger();

  /** Replaces the ledger with the next write. */
  void ledger(byte[] ledger);

  /** Writes what waits, if anything does. */
  void commit() throws SpoolException;

  /** The events that are there and not done. */
  Positions live();

  /** How many these are. */
  long liveCount();

  /** Events that can no longer be read although they were there; counted as lost. */
  void lost(Positions positions);

  /** How many were lost since this life began. */
  long lostCount();

  /** Records about events below may be missing. */
  long unsureBelow();
}
