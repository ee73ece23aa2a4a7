// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

/** Looks at texts in UTF-8 without making strings of them. */
final class Utf8 {

  private Utf8() {}

  /**
   * The length of the sequence for one character that begins here.
   *
   * @return 0 when what is here is no UTF-8
   */
  static int sequence(byte[] text, int at, int end) {
    int first = text[at];
    if (first >= 0) {
      return 1;
    }
    int length = (first & 0xE0) == 0xC0 ? 2 : (first & 0xF0) == 0xE0 ? 3 : 4;
    if (end - at < length || (length == 4 && (first & 0xF8) != 0xF0)) {
      return 0;
    }
    int character = first & (0x7F >> length);
    for (int i = at + 1; i < at + length; i++) {
      if ((text[i] & 0xC0) != 0x80) {
        return 0;
      }
      character = character << 6 | (text[i] & 0x3F);
    }
    return isOf(length, character) ? length : 0;
  }

  /** Longer sequences than a character needs, and halves of surrogate pairs, are no UTF-8. */
  private static boolean isOf(int length, int character) {
    return switch (length) {
      case 2 -> character >= 0x80;
      case 3 ->
          character >= 0x800
              && (character < Character.MIN_SURROGATE || character > Character.MAX_SURROGATE);
      default -> character >= 0x10000 && character <= Character.MAX_CODE_POINT;
    };
  }

  /**
   * Whether a text takes more UTF-16 units than this. A text never takes more than it has bytes.
   */
  static boolean isLonger(byte[] text, int start, int length, int limit) {
    if (length <= limit) {
      return false;
    }
    int units = 0;
    for (int i = start; i < start + length; i++) {
      boolean isFirst = (text[i] & 0xC0) != 0x80;
      units += isFirst ? 1 + ((text[i] & 0xF8) == 0xF0 ? 1 : 0) : 0;
    }
    return units > limit;
  }
}
