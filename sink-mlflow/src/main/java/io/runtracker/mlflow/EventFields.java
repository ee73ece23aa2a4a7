// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runtracker.internal.event.EventBytes;
import io.runtracker.internal.log.Fields;
import java.io.IOException;
import java.util.Arrays;

/**
 * Where the fields of an event are in its array. One is used for event after event, so that reading
 * them allocates nothing.
 *
 * <p>Not safe for use by several threads.
 */
final class EventFields {

  private static final int TAGS = Integer.SIZE;

  private final int[] starts = new int[TAGS];
  private final int[] lengths = new int[TAGS];
  private final Fields.Reader in = new Fields.Reader(new byte[0]);
  private int present;
  private byte[] array = {};

  /** Of a field that is there more than once the last counts. */
  void read(EventBytes event) throws IOException {
    array = event.array();
    present = 0;
    event.fields(in);
    while (in.next()) {
      int tag = in.tag();
      if (tag >= 0 && tag < TAGS) {
        starts[tag] = in.start();
        lengths[tag] = in.length();
        present |= 1 << tag;
      }
    }
  }

  byte[] array() {
    return array;
  }

  boolean has(int tag) {
    return hasAnyOf(1 << tag);
  }

  /**
   * Whether one of several fields is there.
   *
   * @param tags a bit for each
   */
  boolean hasAnyOf(int tags) {
    return (present & tags) != 0;
  }

  int start(int tag) {
    return starts[tag];
  }

  /** In bytes; 0 when there is none. */
  int length(int tag) {
    return has(tag) ? lengths[tag] : 0;
  }

  String text(int tag) {
    return new String(array, starts[tag], length(tag), UTF_8);
  }

  byte[] bytes(int tag) {
    return Arrays.copyOfRange(array, starts[tag], starts[tag] + length(tag));
  }

  /** A number of 64 bits. */
  long number(int tag) throws IOException {
    if (length(tag) != Long.BYTES) {
      throw new IOException("a number of " + length(tag) + " bytes");
    }
    return Fields.Reader.number(array, starts[tag], Long.SIZE);
  }

  /** Whether the field holds these bytes. */
  boolean is(int tag, byte[] bytes) {
    int start = starts[tag];
    return Arrays.equals(array, start, start + length(tag), bytes, 0, bytes.length);
  }
}
