// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.Writer;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.CodingErrorAction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;

/**
 * A large text as the body of a call. It becomes bytes as it is written, in pieces, because a
 * string of megabytes is copied three times on its way into a socket. And it takes no lock for each
 * character, as the writers of the JDK do, which Gson hands one at a time.
 *
 * <p>Half of a surrogate pair becomes {@code ?}. Not safe for use by several threads.
 */
class TextBody extends Writer {

  private static final int PIECE = 64 << 10;

  /** As many as stay in the processor's nearest cache between being written and encoded. */
  private static final int CHARACTERS = 4 << 10;

  private final CharsetEncoder encoder =
      UTF_8
          .newEncoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private final char[] characters = new char[CHARACTERS];
  private int written;
  private final List<byte[]> full = new ArrayList<>();
  private final ByteBuffer piece = ByteBuffer.allocate(PIECE);
  private int fullAtMark;
  private int pieceAtMark;

  @Override
  public void write(int character) {
    if (written == CHARACTERS) {
      encode(false);
    }
    characters[written++] = (char) character;
  }

  @Override
  public void write(char[] text, int offset, int length) {
    write(new String(text, offset, length), 0, length);
  }

  @Override
  public void write(String text) {
    write(text, 0, text.length());
  }

  @Override
  public void write(String text, int offset, int length) {
    int end = offset + length;
    for (int from = offset; from < end; ) {
      if (written == CHARACTERS) {
        encode(false);
      }
      int count = Math.min(end - from, CHARACTERS - written);
      text.getChars(from, from + count, characters, written);
      written += count;
      from += count;
    }
  }

  /**
   * Leaves nothing behind but the first half of a surrogate pair, unless that is the end; or, when
   * it throws for want of memory, what it has not come to.
   */
  private void encode(boolean isEnd) {
    CharBuffer source = CharBuffer.wrap(characters, 0, written);
    try {
      while (encoder.encode(source, piece, isEnd).isOverflow()) {
        full.add(Arrays.copyOf(piece.array(), piece.position()));
        piece.clear();
      }
    } finally {
      source.compact();
      written = source.position();
    }
  }

  /** Remembers how far the text has come, which must not be between the halves of a pair. */
  void mark() {
    encode(false);
    fullAtMark = full.size();
    pieceAtMark = piece.position();
  }

  /** Takes back what was written since the mark. */
  void reset() {
    written = 0;
    piece.position(pieceAtMark);
    if (full.size() > fullAtMark) {
      piece.put(0, full.get(fullAtMark), 0, pieceAtMark);
      full.subList(fullAtMark, full.size()).clear();
    }
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}

  /** All that was written, which is the end of it. May be sent more than once. */
  BodyPublisher publisher() {
    encode(true);
    List<byte[]> pieces = new ArrayList<>(full);
    pieces.add(Arrays.copyOf(piece.array(), piece.position()));
    long length = pieces.stream().mapToLong(bytes -> bytes.length).sum();
    return length == 0
        ? BodyPublishers.noBody()
        : BodyPublishers.fromPublisher(
            BodyPublishers.ofByteArrays(() -> unhurried(pieces)), length);
  }

  private static Iterator<byte[]> unhurried(List<byte[]> pieces) {
    Unhurried pace = new Unhurried(1);
    return pieces.stream().peek(piece -> pace.step()).iterator();
  }
}
