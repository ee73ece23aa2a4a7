// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** The bytes of a segment, big-endian; docs/spool-format.md describes them in tables. */
final class Format {
  static final int VERSION = 2;
  static final int SEGMENT_HEADER = 64;
  static final int RECORD_HEADER = 28;
  static final int MAX_PAYLOAD = 16 << 20;

  /** The bytes of an event, at its position. */
  static final byte EVENT = 1;

  /** An event copied forward from a segment that was deleted, at the position it had there. */
  static final byte CARRIED = 2;

  /** Something to remember that only the log's owner understands. */
  static final byte CONTROL = 3;

  /** Fields: positions that are done, and the ledger that knows it. */
  static final byte DONE = 4;

  static final int DONE_POSITIONS = 1;
  static final int DONE_LEDGER = 2;

  /** Of mirrors: events that were copied forward. */
  static final int DONE_CARRIED = 3;

  /** Where the header's own check ends and its value stands. */
  static final int CHECKED = 20;

  private static final long MAGIC = 0x8952545350_4f4f4cL; // \x89RTSPOOL
  private static final int HEADER_CHECK = 60;

  private Format() {}

  static void requireSize(int length) {
    if (length > MAX_PAYLOAD) {
      throw new IllegalArgumentException(
          length + " bytes, at most " + MAX_PAYLOAD + " make a record");
    }
  }

  /** Whether so many events can stand in a segment before this byte; missing ones have, too. */
  static boolean isPlausible(long position, SegmentName name, long at) {
    return position - name.base() <= at / RECORD_HEADER;
  }

  static byte[] segmentHeader(SegmentName name) {
    ByteBuffer header = ByteBuffer.allocate(SEGMENT_HEADER);
    header.putLong(MAGIC).putInt(VERSION).putInt(name.mark());
    header.putLong(name.number()).putLong(name.base());
    return header.putInt(HEADER_CHECK, headerCheck(header)).array();
  }

  /** The version that an intact header states, or 0 when it is damaged or none. */
  static int version(ByteBuffer header) {
    boolean intact =
        header.limit() >= SEGMENT_HEADER
            && header.getLong(0) == MAGIC
            && header.getInt(HEADER_CHECK) == headerCheck(header);
    return intact ? header.getInt(8) : 0;
  }

  private static int headerCheck(ByteBuffer header) {
    CRC32C crc = new CRC32C();
    crc.update(header.duplicate().position(0).limit(HEADER_CHECK));
    return (int) crc.getValue();
  }
}
