// SPDX-License-Identifier: Apache-2.0
package io.runtracker.javalin;

import io.javalin.http.HttpResponseException;

/** What an exception that left a handler means to Javalin. */
final class Failures {

  private Failures() {}

  /** Whether the exception is Javalin's way to answer with a status, such as 404 or 503. */
  static boolean isAnswer(Throwable thrown) {
    return thrown instanceof HttpResponseException;
  }
}
