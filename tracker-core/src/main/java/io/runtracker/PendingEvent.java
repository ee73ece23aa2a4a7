// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.util.Optional;

/** A request that waits for delivery, in the spool or in memory alone. */
final class PendingEvent extends PendingRun {

  private static final long NOT_SPOOLED = -1;

  private final RequestEvent event;
  private final long position;
  private final long bytes;

  PendingEvent(RequestEvent event, long ticket) {
    this(event, ticket, NOT_SPOOLED);
  }

  PendingEvent(RequestEvent event, long ticket, long position) {
    super(ticket);
    this.event = event;
    this.position = position;
    this.bytes = event.estimatedBytes();
  }

  RequestEvent event() {
    return event;
  }

  /** Whether the event is in the spool, at {@link #position()}. */
  boolean isSpooled() {
    return position != NOT_SPOOLED;
  }

  long position() {
    return position;
  }

  @Override
  String create(RunSink sink) throws SinkException, InterruptedException {
    return sink.create(event);
  }

  @Override
  void complete(RunSink sink, String id) throws SinkException, InterruptedException {
    sink.complete(id, event);
  }

  @Override
  Optional<String> find(RunSink sink) throws SinkException, InterruptedException {
    return sink.find(event);
  }

  @Override
  Repeated asRepeated() {
    return new Repeated.OfEvent(event);
  }

  @Override
  long[] positions() {
    return isSpooled() ? new long[] {position} : NO_POSITIONS;
  }

  @Override
  int size() {
    return 1;
  }

  @Override
  long bytes() {
    return bytes;
  }

  @Override
  long oldestMillis() {
    return event.endMillis();
  }

  @Override
  public String toString() {
    return event.toString();
  }
}
