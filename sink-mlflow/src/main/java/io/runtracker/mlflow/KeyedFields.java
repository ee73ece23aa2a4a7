// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.util.Arrays;

/**
 * The fields of one event that have keys, each key once, in the order in which the keys came first.
 * Keys and values are places in the event's array. A handler may log many thousands of them, so a
 * key is looked up by its hash.
 *
 * <p>Not safe for use by several threads.
 */
final class KeyedFields {

  private static final int FEW = 16;
  private static final int MOST_KEPT = 1_024;

  private byte[] array = {};
  private int[] keyStarts = new int[FEW];
  private int[] keyLengths = new int[FEW];
  private int[] hashes = new int[FEW];
  private int[] valueStarts = new int[FEW];
  private int[] valueLengths = new int[FEW];

  /** A field's number and one; its length is a power of two, and at least half of it is 0. */
  private int[] slots = new int[2 * FEW];

  private int size;

  /** Begins anew, with the fields of this array. */
  void clear(byte[] of) {
    array = of;
    size = 0;
    if (keyStarts.length > MOST_KEPT) {
      resize(FEW);
    } else {
      Arrays.fill(slots, 0);
    }
  }

  byte[] array() {
    return array;
  }

  int size() {
    return size;
  }

  int keyStart(int field) {
    return keyStarts[field];
  }

  int keyLength(int field) {
    return keyLengths[field];
  }

  int valueStart(int field) {
    return valueStarts[field];
  }

  int valueLength(int field) {
    return valueLengths[field];
  }

  /** The number of the field of this key; {@link #size} as it was when the key is new. */
  int claim(int keyStart, int keyLength) {
    int hash = hash(keyStart, keyLength);
    int slot = slot(hash);
    for (; slots[slot] != 0; slot = (slot + 1) & (slots.length - 1)) {
      int field = slots[slot] - 1;
      if (hashes[field] == hash && isKey(field, keyStart, keyLength)) {
        return field;
      }
    }
    if (size == keyStarts.length) {
      resize(2 * size);
      return claim(keyStart, keyLength);
    }
    keyStarts[size] = keyStart;
    keyLengths[size] = keyLength;
    hashes[size] = hash;
    slots[slot] = size + 1;
    return size++;
  }

  void set(int field, int valueStart, int valueLength) {
    valueStarts[field] = valueStart;
    valueLengths[field] = valueLength;
  }

  private boolean isKey(int field, int start, int length) {
    int known = keyStarts[field];
    return Arrays.equals(array, known, known + keyLengths[field], array, start, start + length);
  }

  private int hash(int start, int length) {
    int hash = 1;
    for (int i = start; i < start + length; i++) {
      hash = 31 * hash + array[i];
    }
    return hash;
  }

  private int slot(int hash) {
    return (hash ^ hash >>> 15) & (slots.length - 1);
  }

  private void resize(int capacity) {
    keyStarts = Arrays.copyOf(keyStarts, capacity);
    keyLengths = Arrays.copyOf(keyLengths, capacity);
    hashes = Arrays.copyOf(hashes, capacity);
    valueStarts = Arrays.copyOf(valueStarts, capacity);
    valueLengths = Arrays.copyOf(valueLengths, capacity);
    slots = new int[2 * capacity];
    for (int field = 0; field < size; field++) {
      int slot = slot(hashes[field]);
      while (slots[slot] != 0) {
        slot = (slot + 1) & (slots.length - 1);
      }
      slots[slot] = field + 1;
    }
  }
}
