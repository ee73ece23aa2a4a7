// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;

/** What a call sends. It may be written more than once, and each time it is the same. */
interface RequestBody {

  /**
   * The most bytes that {@link #of} writes at once: a thread keeps memory beside the heap for the
   * largest, and between two there is a look whether the server has answered already.
   */
  int WRITE = 64 << 10;

  /** How many bytes {@link #writeTo} writes. */
  long length();

  void writeTo(OutputStream out) throws IOException;

  static RequestBody of(String text) {
    byte[] bytes = text.getBytes(UTF_8);
    return of(bytes, bytes.length);
  }

  /** The first bytes of an array, which is not copied. */
  static RequestBody of(byte[] bytes, int length) {
    return new RequestBody() {
      @Override
      public long length() {
        return length;
      }

      @Override
      public void writeTo(OutputStream out) throws IOException {
        for (int at = 0; at < length; at += WRITE) {
          out.write(bytes, at, Math.min(WRITE, length - at));
        }
      }
    };
  }
}
