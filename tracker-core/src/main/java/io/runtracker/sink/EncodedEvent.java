// SPDX-License-Identifier: Apache-2.0
package io.runtracker.sink;

import io.runtracker.RequestEvent;
import io.runtracker.RunStatus;
import io.runtracker.internal.event.EventBytes;
import java.io.IOException;

/**
 * A finished request as it travels: through the log, onto the disk and into a window. What most
 * sinks need of a row is read at once; {@link #decode} reads the rest.
 *
 * <p>Valid during the call that is given it, and not to be kept: a sink copies what it needs.
 */
public interface EncodedEvent {

  /**
   * An event that was built by hand, for what fills windows itself.
   *
   * @param event its texts are copied
   */
  static EncodedEvent of(RequestEvent event) {
    return EventBytes.of(event);
  }

  /**
   * An event from what {@link #toBytes} returned, in this process or in another.
   *
   * @param bytes kept, not copied
   * @throws IOException when they hold no event, or one of a later version
   */
  static EncodedEvent of(byte[] bytes) throws IOException {
    return new EventBytes(bytes, 0, bytes.length);
  }

  /**
   * As {@link RequestEvent#eventId()}.
   *
   * @throws IOException when the bytes are not what they seem
   */
  String eventId() throws IOException;

  /**
   * What its id shares with all of one tracker's life and with no other's: those before the id's
   * last {@code -}.
   *
   * @throws IOException when the bytes are not what they seem
   */
  String source() throws IOException;

  /** As {@link RequestEvent#status()}. */
  RunStatus status();

  /** Whether it neither failed nor was slow, and its handler logged nothing into it. */
  boolean isPlain();

  /** As {@link RequestEvent#statusCode()}. */
  int statusCode();

  /** When the request began, in milliseconds since the epoch. */
  long startMillis();

  /** When the request was complete, in milliseconds since the epoch. */
  long endMillis();

  /** As {@link RequestEvent#durationNanos()}. */
  long durationNanos();

  /** How many bytes the event takes. */
  int length();

  /**
   * A copy of the bytes of the event, in the form that docs/spool-format.md describes: for a sink
   * that hands it on as it is.
   */
  byte[] toBytes();

  /**
   * The event itself. Fields of a later version are not in it.
   *
   * @throws IOException when the bytes are not what they seem
   */
  RequestEvent decode() throws IOException;
}
