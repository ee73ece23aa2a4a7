// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

/** What becomes of exceptions that Spring MVC turns into an answer. */
public enum HandledExceptions {
  /** Nothing: the status alone decides, from 500 on the run has failed. */
  IGNORE(Integer.MAX_VALUE),
  /**
   * The exception's class is the run's param {@code error_type}; when the answer is 500 or more it
   * is recorded as an escaping one would be, with its message.
   */
  SERVER_ERRORS(500),
  /** Each fails its run, whatever the status. */
  ALL(0);

  private final int failsFrom;

  HandledExceptions(int failsFrom) {
    this.failsFrom = failsFrom;
  }

  int failsFrom() {
    return failsFrom;
  }
}
