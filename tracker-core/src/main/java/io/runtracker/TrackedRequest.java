// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.internal.capture.CurrentRequest;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The request being served, as its handler sees it: a handle to log into the request's run.
 *
 * <p>Every method may be called from any thread, never blocks, never throws and never does I/O. A
 * value that MLflow would not take is made acceptable later, off the request thread. What is
 * written after the request has ended is ignored and counted ({@link
 * TrackerStats#ignoredWrites()}); so is a null key or value.
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

  /**
   * The id that the request's run will have as its tag {@code runtracker.event_id}: for logs, for
   * messages to others, and to find the run by. The same for every call.
   *
   * @return null when no request is tracked, or it has ended
   */
  @Nullable String id();

  /** Sets a tag of the run; the last value of a key wins. */
  TrackedRequest tag(String key, String value);

  /** Sets tags of the run. */
  default TrackedRequest tags(Map<String, String> tags) {
    tags.forEach(this::tag);
    return this;
  }

  /** Sets a param of the run; the last value of a key wins. */
  TrackedRequest param(String key, Object value);

  /** Sets params of the run. */
  default TrackedRequest params(Map<String, ?> params) {
    params.forEach(this::param);
    return this;
  }

  /** Logs a value of a metric at step 0, at the time of this call. */
  default TrackedRequest metric(String key, double value) {
    return metric(key, value, 0);
  }

  /** Logs a value of a metric at a step, at the time of this call. */
  TrackedRequest metric(String key, double value, long step);

  /** Logs values of metrics at step 0, at the time of this call. */
  default TrackedRequest metrics(Map<String, ? extends Number> metrics) {
    metrics.forEach((key, value) -> metric(key, value.doubleValue()));
    return this;
  }

  /**
   * Stores a text as a file of the run.
   *
   * @param file a name such as {@code prompt.txt}, or a relative path with forward slashes
   */
  TrackedRequest text(String file, String content);

  /** Names the run, in place of {@code {METHOD}_{path}_{epoch seconds}}. */
  TrackedRequest name(String runName);

  /**
   * Marks the request as failed by an exception that the handler, or a mapper of exceptions, has
   * caught: its run is {@link RunStatus#FAILED}, whatever status the client gets, and has the
   * exception's class and message. The last call wins. An exception that leaves the handler wins
   * over it.
   */
  TrackedRequest error(Throwable error);

  /**
   * Marks the request as failed where there is no exception: its run is {@link RunStatus#FAILED},
   * whatever status the client gets, and has the reason as its {@code error_details.txt}. As with
   * {@link #error}, the last call wins, and an exception that leaves the handler wins over it.
   */
  TrackedRequest fail(String reason);

  /** Leaves this request out: no run is written and nothing is counted. */
  void drop();
}
