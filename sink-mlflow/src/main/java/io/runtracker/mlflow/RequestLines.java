// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The rows of a window, each a line, as the body of a call. They are kept in pieces, because an
 * array of megabytes is copied whenever it grows.
 *
 * <p>Not safe for use by several threads.
 */
final class RequestLines {

  static final String FILE = "requests.jsonl";

  private static final int PIECE = 256 << 10;

  private static final byte[] LINE_END = {'\n'};

  private final List<byte[]> pieces = new ArrayList<>();

  /** Where each row ends, its line end included. */
  private long[] ends = new long[256];

  private int rows;
  private long size;

  /** Adds a row, the whole of it or, when it throws for want of memory, nothing. */
  void add(JsonBytes row) {
    long end = size + row.size() + LINE_END.length;
    if (rows == ends.length) {
      ends = Arrays.copyOf(ends, 2 * rows);
    }
    while ((long) pieces.size() * PIECE < end) {
      pieces.add(new byte[PIECE]);
    }
    write(row.array(), row.size(), size);
    write(LINE_END, LINE_END.length, end - LINE_END.length);
    ends[rows++] = end;
    size = end;
  }

  private void write(byte[] source, int length, long position) {
    for (int from = 0; from < length; ) {
      long at = position + from;
      int offset = (int) (at % PIECE);
      int count = Math.min(length - from, PIECE - offset);
      System.arraycopy(source, from, pieces.get((int) (at / PIECE)), offset, count);
      from += count;
    }
  }

  /** How many rows there are. */
  int rows() {
    return rows;
  }

  /** Adds a row to this, without its line end. */
  void copy(int row, JsonBytes to) {
    long end = ends[row] - LINE_END.length;
    for (long at = row == 0 ? 0 : ends[row - 1]; at < end; ) {
      int offset = (int) (at % PIECE);
      int count = (int) Math.min(end - at, PIECE - offset);
      to.add(pieces.get((int) (at / PIECE)), offset, count);
      at += count;
    }
  }

  /** The rows that there are now. */
  RequestBody body() {
    long length = size;
    return new RequestBody() {
      @Override
      public long length() {
        return length;
      }

      @Override
      public void writeTo(OutputStream out) throws IOException {
        CooperativeYield pace = new CooperativeYield(1);
        for (long at = 0; at < length; at += PIECE) {
          pace.step();
          byte[] piece = pieces.get((int) (at / PIECE));
          RequestBody.of(piece, (int) Math.min(PIECE, length - at)).writeTo(out);
        }
      }
    };
  }
}
