// SPDX-License-Identifier: Apache-2.0
package io.runtracker.sink;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Why a sink could not write a run. Whether that is the fault of this request or of the server,
 * delivery finds out by whether others pass.
 */
public final class SinkException extends Exception {

  private static final long serialVersionUID = 1;

  /** What a failure means for the request and for those behind it. */
  public enum Kind {
    /** The server is away or busy and did nothing: try the same call again later. */
    UNAVAILABLE,
    /** The call may or may not have taken effect; the server is away or in trouble. */
    UNKNOWN,
    /** The server failed on this request; others may pass. The call may have taken effect. */
    FAILED,
    /** The credentials are missing, wrong or not enough, for this request or for all. */
    UNAUTHORIZED,
    /** The run that was created is not there any more, as after a database was emptied. */
    GONE,
    /** The call was too large for the server or for something before it; a smaller one may pass. */
    TOO_LARGE,
    /**
     * The server has no place for what was sent, whatever is in it, such as the table of a window.
     */
    UNSUPPORTED,
    /** The server understood this request, and will never accept it. */
    REFUSED
  }

  private final Kind kind;
  private final @Nullable Duration retryAfter;

  /** A failure whose message says what was called and what came back, without credentials. */
  public SinkException(Kind kind, String message, @Nullable Throwable cause) {
    this(kind, message, cause, null);
  }

  /**
   * A failure of a server that asked for a pause.
   *
   * @param retryAfter how long the server asked to be left alone, or null
   */
  public SinkException(
      Kind kind, String message, @Nullable Throwable cause, @Nullable Duration retryAfter) {
    super(message, cause);
    this.kind = kind;
    this.retryAfter = retryAfter;
  }

  /** What delivery is to make of it. */
  public Kind kind() {
    return kind;
  }

  /** How long the server asked to be left alone, or null. */
  public @Nullable Duration retryAfter() {
    return retryAfter;
  }
}
