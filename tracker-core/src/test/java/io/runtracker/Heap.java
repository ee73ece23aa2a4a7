// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

/** The heap of the tests' JVM. */
final class Heap {

  private static final int COLLECTIONS = 5;

  private Heap() {}

  /** What is in use after the garbage is gone, in bytes. */
  static long usedBytes() {
    Runtime runtime = Runtime.getRuntime();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < COLLECTIONS; i++) {
      System.gc();
      least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
    }
    return least;
  }
}
