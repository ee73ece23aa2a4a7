// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.event;

import io.runtracker.RequestEvent;
import io.runtracker.RunStatus;
import io.runtracker.internal.log.Fields;
import io.runtracker.internal.log.SpooledEvent;
import io.runtracker.sink.EncodedEvent;
import java.io.IOException;

/**
 * The bytes of an event, as a part of an array that may hold other events too and must not be kept.
 * docs/spool-format.md describes them.
 */
public final class EventBytes implements EncodedEvent {

  static final byte VERSION = 1;

  /** What stands before the fields. */
  static final int HEADER = 32;

  static final int FAILED = 1;
  static final int SLOW = 2;
  static final int OWN_DATA = 4;
  static final int KILLED = 8;

  /** Tags of the fields. Those from 16 to 19 are kept for input, output, session and user. */
  public static final int SOURCE = 1;

  public static final int METHOD = 2;
  public static final int SCHEME = 3;
  public static final int HOST = 4;

  /** A number; absent where it is the scheme's own. */
  public static final int PORT = 5;

  public static final int PATH = 6;
  public static final int QUERY = 7;
  public static final int ROUTE = 8;
  public static final int NAME = 9;
  public static final int ERROR_TYPE = 10;
  public static final int ERROR_DETAILS = 11;

  /** A key and a value, and so are the next two. A later one of the same key replaces it. */
  public static final int TAG = 12;

  public static final int PARAM = 13;
  public static final int TEXT = 14;

  /** Value, milliseconds since the epoch, step: 64 bits each; then the key. */
  public static final int METRIC = 15;

  private final byte[] array;
  private final int offset;
  private final int length;

  /**
   * Reads a part of an array.
   *
   * @throws IOException when it holds no event, or one of a later version
   */
  public EventBytes(byte[] array, int offset, int length) throws IOException {
    if (length > 0 && array[offset] != VERSION) {
      throw new IOException("an event of the unknown version " + array[offset]);
    }
    if (length < HEADER) {
      throw new IOException("an event of " + length + " bytes");
    }
    this.array = array;
    this.offset = offset;
    this.length = length;
  }

  public static EventBytes of(SpooledEvent spooled) throws IOException {
    return new EventBytes(spooled.array(), spooled.offset(), spooled.length());
  }

  /** Another implementation's event, such as a test's, has no bytes and is encoded first. */
  public static EventBytes of(EncodedEvent event) throws IOException {
    return event instanceof EventBytes bytes ? bytes : of(event.decode());
  }

  /** The bytes of an event that was built by hand, for what fills windows itself. */
  public static EventBytes of(RequestEvent event) {
    return of(RecordedEvent.of(event), false);
  }

  /**
   * The bytes of an event that travelled in another form.
   *
   * @param isSlow what the service has decided, which alone knows what is slow there
   */
  public static EventBytes of(RecordedEvent event, boolean isSlow) {
    Fields out = new Fields(256);
    new EventCodec(isSlow ? Long.MIN_VALUE : Long.MAX_VALUE).encode(event, out);
    byte[] bytes = out.toBytes();
    try {
      return new EventBytes(bytes, 0, bytes.length);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private long number(int at, int bits) {
    return Fields.Reader.number(array, offset + at, bits);
  }

  private boolean is(int flag) {
    return (array[offset + 1] & flag) != 0;
  }

  @Override
  public RunStatus status() {
    return is(KILLED) ? RunStatus.KILLED : is(FAILED) ? RunStatus.FAILED : RunStatus.FINISHED;
  }

  @Override
  public boolean isPlain() {
    return (array[offset + 1] & (FAILED | SLOW | OWN_DATA | KILLED)) == 0;
  }

  /** Whether it took longer than is usual in its service. */
  public boolean isSlow() {
    return is(SLOW);
  }

  /** As {@link RecordedEvent#hasOwnData}. */
  public boolean hasOwnData() {
    return is(OWN_DATA);
  }

  @Override
  public int statusCode() {
    return (int) number(2, Short.SIZE);
  }

  /** The same for all events of one method and route, and seldom for others. */
  public int labelHash() {
    return (int) number(4, Integer.SIZE);
  }

  @Override
  public long startMillis() {
    return number(8, Long.SIZE);
  }

  @Override
  public long durationNanos() {
    return number(16, Long.SIZE);
  }

  @Override
  public long endMillis() {
    return startMillis() + durationNanos() / 1_000_000;
  }

  @Override
  public String source() throws IOException {
    for (Fields.Reader in = fields(); in.next(); ) {
      if (in.tag() == SOURCE) {
        return in.text();
      }
    }
    return "";
  }

  @Override
  public String eventId() throws IOException {
    return source() + '-' + sequence();
  }

  /** What is unique within the event's source. */
  public long sequence() {
    return number(24, Long.SIZE);
  }

  /** The fields behind the header, in no certain order but that of a key's values. */
  public Fields.Reader fields() {
    return new Fields.Reader(array, offset + HEADER, length - HEADER);
  }

  /** As {@link #fields()}, by a reader that has served its turn: for who reads a great many. */
  public void fields(Fields.Reader again) {
    again.restart(array, offset + HEADER, length - HEADER);
  }

  /** The array that the fields are in. */
  public byte[] array() {
    return array;
  }

  @Override
  public int length() {
    return length;
  }

  @Override
  public byte[] toBytes() {
    return java.util.Arrays.copyOfRange(array, offset, offset + length);
  }

  @Override
  public RequestEvent decode() throws IOException {
    return EventCodec.decode(this);
  }
}
