// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.internal.capture.CurrentRequest;

/**
 * The request being served, as its handler sees it: a handle to log into the request's run.
 *
 * <p>Every method may be called from any thread, never blocks, never throws and never does I/O. A
 * value that MLflow would not take is made acceptable later, off the request thread. What is
 * written after the request has ended is ignored and counted ({@link TrackerStats#lateWrites()});
 * so is a null key or value.
 */
public interface TrackedRequest {

  /**
   * The request that the calling thread is serving. Never null: when none is tracked, the handle
   * does nothing. Threads other than the handler's do not see it; hand them the handle.
   */
  static TrackedRequest current() {
    TrackedRequest current = CurrentRequest.get();
    return current != null ? current : NoRequest.INSTANCE;
  }

  /** Sets a tag of the run; the last value of a key wins. */
  TrackedRequest tag(String key, String value);

  /** Sets a param of the run; the last value of a key wins. */
  TrackedRequest param(String key, Object value);

  /** Logs a value of a metric at step 0, at the time of this call. */
  default TrackedRequest metric(String key, double value) {
    return metric(key, value, 0);
  }

  /** Logs a value of a metric at a step, at the time of this call. */
  TrackedRequest metric(String key, double value, long step);

  /**
   * Stores a text as a file of the run.
   *
   * @param file a name such as {@code prompt.txt}, or a relative path with forward slashes
   */
  TrackedRequest text(String file, String content);

  /** Names the run, in place of {@code {METHOD}_{path}_{epoch seconds}}. */
  TrackedRequest name(String runName);

  /** Leaves this request out: no run is written and nothing is counted. */
  void drop();
}
