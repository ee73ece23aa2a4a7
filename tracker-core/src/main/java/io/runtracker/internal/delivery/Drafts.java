// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.internal.event.EventBytes;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.SinkException;
import java.io.IOException;
import java.util.Optional;

/** What is made of events for a sink, and what else there is to ask of it, whatever its kind. */
interface Drafts {

  /** Whether events may be written together. */
  boolean takeWindows();

  /**
   * Whether to write something again changes nothing: then nothing is remembered of what is going
   * to be written, and nothing is looked up.
   */
  boolean areRepeatable();

  /** How long a window may be open at most, whatever the settings say. */
  long longestOpenNanos();

  /** What is written of an event alone. */
  Draft ofEvent(long position, EventBytes event) throws IOException;

  /** A window that has no events yet. */
  Filling newWindow();

  /** A window that is being filled. Used by one thread at a time. */
  interface Filling {

    /**
     * Adds an event, of which nothing of the array is kept; where it throws, it is not in there.
     */
    void add(long position, EventBytes event) throws IOException;

    /** What is written of it. Nothing is added any more. */
    Draft filled(RequestWindow window);
  }

  /** The run of a window that is to be taken back, where there may be one. */
  Optional<String> find(RequestWindow window) throws SinkException, InterruptedException;

  boolean isComplete(String runId) throws SinkException, InterruptedException;

  void discard(String runId) throws SinkException, InterruptedException;

  void removeDuplicates(String runId) throws SinkException, InterruptedException;

  /** When nothing is written any more. */
  void close();
}
