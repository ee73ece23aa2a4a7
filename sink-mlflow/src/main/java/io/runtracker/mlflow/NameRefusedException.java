// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import org.jspecify.annotations.Nullable;

/** The cause of a failure where the server disliked the characters of a name. */
final class NameRefusedException extends Exception {

  private static final long serialVersionUID = 1;

  /**
   * In every version's message. What is said behind it cannot be told by: MLflow 2.16 on Windows
   * names the colon among what it takes, and refuses it.
   */
  private static final String SAID = "Names may only contain ";

  private NameRefusedException() {
    super("the server does not take a name", null, false, false);
  }

  /** Null when the answer says something else. */
  static @Nullable NameRefusedException of(Answer answer) {
    boolean isIt = answer.status() == 400 && answer.message().contains(SAID);
    return isIt ? new NameRefusedException() : null;
  }
}
