// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.internal.event.EventBytes;
import io.runtracker.internal.event.EventCodec;
import io.runtracker.internal.event.RecordedEvent;
import io.runtracker.internal.log.Fields;
import io.runtracker.internal.log.Group;
import io.runtracker.sink.EncodedEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/** Events as the bytes in which they travel. */
public final class Encoded {

  private static final long SLOW_NANOS = 1_000_000_000L;

  private Encoded() {}

  /** The bytes of one event. */
  public static EventBytes of(RequestEvent event) {
    Fields out = new Fields(256);
    new EventCodec(SLOW_NANOS).encode(RecordedEvent.of(event), out);
    try {
      return new EventBytes(out.toBytes(), 0, out.size());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The event that these bytes are. */
  static RequestEvent decode(EncodedEvent event) {
    try {
      return event.decode();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Group group(List<RequestEvent> events) {
    Group group = new Group(events.size(), 1024);
    for (RequestEvent event : events) {
      new EventCodec(SLOW_NANOS).encode(RecordedEvent.of(event), group.out());
      group.endEvent();
    }
    return group;
  }
}
