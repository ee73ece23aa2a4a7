// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.pipeline;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;

/**
 * The ids of the rows of a window's file. They are read from the end of each line, where a row has
 * its id: a parser of JSON would take more of the cores than what is measured.
 */
final class WindowRows {

  private static final byte[] BEFORE = "\"event_id\":\"".getBytes(US_ASCII);
  private static final int TAIL = "\"}".length();

  private WindowRows() {}

  /** Adds each row. */
  static void addTo(Recorded recorded, byte[] file) {
    int from = 0;
    String source = "";
    byte[] sourceBytes = {};
    while (from < file.length) {
      int end = from;
      while (end < file.length && file[end] != '\n') {
        end++;
      }
      int last = end - TAIL;
      int dash = last - 1;
      long sequence = 0;
      for (long digit = 1; file[dash] != '-'; digit *= 10) {
        sequence += digit * (file[dash--] - '0');
      }
      int start = dash;
      while (file[start - 1] != '"') {
        start--;
      }
      require(file, start);
      if (!Arrays.equals(file, start, dash, sourceBytes, 0, sourceBytes.length)) {
        sourceBytes = Arrays.copyOfRange(file, start, dash);
        source = new String(sourceBytes, US_ASCII);
      }
      recorded.add(source, sequence);
      from = end + 1;
    }
  }

  private static void require(byte[] file, int start) {
    int before = start - BEFORE.length;
    if (!Arrays.equals(file, before, start, BEFORE, 0, BEFORE.length)) {
      throw new IllegalArgumentException("a row does not end with its id");
    }
  }
}
