// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

import io.runtracker.internal.event.EventCodec;
import org.jspecify.annotations.Nullable;

/**
 * What is recorded of an exception: its message, and where that was asked for, its stack trace
 * below. Never throws, whatever the exception's own methods do.
 */
final class ErrorText {

  /** Frames and causes together. More than fit on a few screens nobody reads. */
  static final int MOST_LINES = 100;

  private final boolean withStackTrace;

  ErrorText(boolean withStackTrace) {
    this.withStackTrace = withStackTrace;
  }

  /**
   * The text.
   *
   * @param longest how many characters it may have; what is cut ends in a mark
   */
  String of(Throwable error, int longest) {
    String message = messageOf(error);
    if (!withStackTrace) {
      return EventCodec.cut(message, longest);
    }
    StringBuilder text = new StringBuilder(1024).append(message).append("\n\n");
    int lines = 0;
    for (Throwable each = error; each != null && lines < MOST_LINES; each = causeOf(each)) {
      text.append(each == error ? "" : "Caused by: ").append(each.getClass().getName());
      text.append(": ").append(messageOf(each)).append('\n');
      lines++;
      for (StackTraceElement frame : framesOf(each)) {
        if (lines == MOST_LINES) {
          text.append("\t...\n");
          break;
        }
        text.append("\tat ").append(frame).append('\n');
        lines++;
      }
    }
    return EventCodec.cut(text.toString(), longest);
  }

  private static String messageOf(Throwable error) {
    try {
      String message = error.getMessage();
      return message != null ? message : error.getClass().getName();
    } catch (Throwable brokenMessage) {
      return error.getClass().getName() + " (its message could not be read)";
    }
  }

  private static StackTraceElement[] framesOf(Throwable error) {
    try {
      return error.getStackTrace();
    } catch (Throwable broken) {
      return new StackTraceElement[0];
    }
  }

  private static @Nullable Throwable causeOf(Throwable error) {
    try {
      return error.getCause() == error ? null : error.getCause();
    } catch (Throwable broken) {
      return null;
    }
  }
}
