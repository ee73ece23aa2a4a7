// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.pipeline;

/**
 * How many spans there are in a request of OTLP: messages of field 2, in messages of field 2, in
 * messages of field 1.
 */
final class OtlpSpans {

  private static final int[] FIELDS = {1, 2, 2};
  private static final int VARINT = 0;
  private static final int FIXED_64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED_32 = 5;

  private final byte[] message;
  private int at;

  private OtlpSpans(byte[] message) {
    this.message = message;
  }

  static long count(byte[] message) {
    return new OtlpSpans(message).count(0, message.length);
  }

  private long count(int depth, int end) {
    if (depth == FIELDS.length) {
      at = end;
      return 1;
    }
    long found = 0;
    while (at < end) {
      long key = varint();
      switch ((int) (key & 7)) {
        case VARINT -> varint();
        case FIXED_64 -> at += Long.BYTES;
        case FIXED_32 -> at += Integer.BYTES;
        case BYTES -> {
          int length = (int) varint();
          int next = at + length;
          found += key >>> 3 == FIELDS[depth] ? count(depth + 1, next) : 0;
          at = next;
        }
        default -> throw new IllegalArgumentException("no OTLP");
      }
    }
    return found;
  }

  private long varint() {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = message[at++];
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
  }
}
