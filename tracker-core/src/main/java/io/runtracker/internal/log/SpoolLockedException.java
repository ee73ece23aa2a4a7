// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import org.jspecify.annotations.Nullable;

/** Another process, or another log in this JVM, is using the directory. */
public final class SpoolLockedException extends SpoolException {
  SpoolLockedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
