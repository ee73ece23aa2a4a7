// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.log;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The log could not do what it was asked: the disk is full or read-only, an I/O error, a log of an
 * unknown format, or a closed log. What was asked for has not happened; unless the log is closed it
 * may be asked again.
 */
public class SpoolException extends IOException {
  /** Says what could not be done, where, and why. */
  public SpoolException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
