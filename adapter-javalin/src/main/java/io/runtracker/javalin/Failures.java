// SPDX-License-Identifier: Apache-2.0
package io.runtracker.javalin;

import io.javalin.http.HttpResponseException;
import java.util.concurrent.CompletionException;
import org.eclipse.jetty.io.EofException;
import org.jspecify.annotations.Nullable;

/** What an exception that left a handler means. */
final class Failures {

  private static final int LONGEST_CHAIN = 32;

  private Failures() {}

  /** What the service threw, without what a future put it in. */
  static Throwable unwrap(Throwable thrown) {
    Throwable inner = thrown;
    for (int i = 0; i < LONGEST_CHAIN && inner instanceof CompletionException; i++) {
      Throwable cause = inner.getCause();
      if (cause == null) {
        break;
      }
      inner = cause;
    }
    return inner;
  }

  /** Whether the exception is Javalin's way to answer with a status, such as 404 or 503. */
  static boolean isAnswer(Throwable thrown) {
    return thrown instanceof HttpResponseException;
  }

  /** Whether the exception says no more than that the client went away. */
  static boolean isClientAbort(@Nullable Throwable thrown) {
    Throwable cause = thrown;
    for (int i = 0; i < LONGEST_CHAIN && cause != null; i++) {
      if (cause instanceof EofException) {
        return true;
      }
      cause = cause.getCause();
    }
    return false;
  }
}
