// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.Writer;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A large text as the body of a call. It becomes bytes as it is written, in pieces, because a
 * string of megabytes is copied three times on its way into a socket. And it takes no lock for each
 * character, as the writers of the JDK do, which Gson hands one at a time.
 *
 * <p>A surrogate pair must be written at once. Not safe for use by several threads.
 */
final class TextBody extends Writer {

  private static final int PIECE = 64 << 10;

  private final List<byte[]> full = new ArrayList<>();
  private byte[] piece = new byte[PIECE];
  private int used;

  @Override
  public void write(int character) {
    char c = (char) character;
    if (c < 0x80) {
      put((byte) c);
    } else {
      put(String.valueOf(c).getBytes(UTF_8));
    }
  }

  @Override
  public void write(char[] characters, int offset, int length) {
    write(new String(characters, offset, length), 0, length);
  }

  @Override
  public void write(String text, int offset, int length) {
    int end = offset + length;
    for (int i = offset; i < end; i++) {
      char c = text.charAt(i);
      if (c >= 0x80) {
        put(text.substring(i, end).getBytes(UTF_8));
        return;
      }
      put((byte) c);
    }
  }

  private void put(byte[] bytes) {
    for (byte b : bytes) {
      put(b);
    }
  }

  private void put(byte b) {
    if (used == PIECE) {
      full.add(piece);
      piece = new byte[PIECE];
      used = 0;
    }
    piece[used++] = b;
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}

  /** What was written so far. May be sent more than once. */
  BodyPublisher publisher() {
    List<byte[]> pieces = new ArrayList<>(full);
    pieces.add(Arrays.copyOf(piece, used));
    long length = (long) full.size() * PIECE + used;
    return length == 0
        ? BodyPublishers.noBody()
        : BodyPublishers.fromPublisher(BodyPublishers.ofByteArrays(pieces), length);
  }
}
