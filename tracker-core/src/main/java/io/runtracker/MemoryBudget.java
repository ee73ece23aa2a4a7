// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

/** How much the memory holds, and how much it may. Under the lock of the memory. */
final class MemoryBudget {

  private final int mostRequests;
  private final long mostBytes;
  private int requests;
  private long bytes;

  MemoryBudget(Settings settings) {
    this.mostRequests = settings.queueSize();
    this.mostBytes = settings.queueBytes();
  }

  boolean isFull() {
    return requests >= mostRequests;
  }

  boolean fits(PendingRun run) {
    return !isFull() && bytes + run.bytes() <= mostBytes;
  }

  /** How many more requests may be brought in from elsewhere, when it is to hold so many. */
  int room(int most) {
    return bytes < mostBytes ? Math.min(most, mostRequests) - requests : 0;
  }

  void hold(PendingRun run) {
    requests += run.size();
    bytes += run.bytes();
  }

  void release(PendingRun run) {
    requests -= run.size();
    bytes -= run.bytes();
  }

  void clear() {
    requests = 0;
    bytes = 0;
  }

  int requests() {
    return requests;
  }

  long bytes() {
    return bytes;
  }

  /** Whether so many requests are enough to act on. */
  boolean isMuch(int some) {
    return some > mostRequests / 4;
  }

  /** So near to refusing requests that nothing may wait any longer than it must. */
  boolean isCrowded() {
    return requests > mostRequests / 4 * 3 || bytes > mostBytes / 4 * 3;
  }
}
