// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import jakarta.servlet.ServletException;
import jakarta.servlet.UnavailableException;
import java.io.IOException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What an exception that left the filter chain means. Containers' classes are known by name. */
final class Failures {

  private static final int LONGEST_CHAIN = 32;

  private static final Set<String> CLIENT_ABORTS =
      Set.of(
          "org.apache.catalina.connector.ClientAbortException",
          "org.eclipse.jetty.io.EofException",
          "org.springframework.web.context.request.async.AsyncRequestNotUsableException");

  /** Undertow has no class for it: what its own reading and writing throws is that. */
  private static final String[] UNDERTOW = {"org.xnio.", "io.undertow."};

  private Failures() {}

  /** What the service threw, without the ServletException that a container or Spring put it in. */
  static Throwable unwrap(Throwable thrown) {
    Throwable inner = thrown;
    for (int i = 0; i < LONGEST_CHAIN && isMereWrapper(inner); i++) {
      Throwable cause = inner.getCause();
      if (cause == null) {
        break;
      }
      inner = cause;
    }
    return inner;
  }

  /** A subclass of ServletException has something to say of its own. */
  private static boolean isMereWrapper(Throwable thrown) {
    return thrown.getClass() == ServletException.class
        || thrown
            .getClass()
            .getName()
            .equals("org.springframework.web.util.NestedServletException");
  }

  /** Whether the exception says no more than that the client went away. */
  static boolean isClientAbort(Throwable thrown) {
    Throwable cause = thrown;
    for (int i = 0; i < LONGEST_CHAIN && cause != null; i++) {
      for (Class<?> type = cause.getClass(); type != null; type = type.getSuperclass()) {
        if (CLIENT_ABORTS.contains(type.getName())) {
          return true;
        }
      }
      if (cause instanceof IOException && isOfUndertow(cause.getStackTrace())) {
        return true;
      }
      cause = cause.getCause();
    }
    return false;
  }

  /** Whether the first that is not the JDK's is. */
  private static boolean isOfUndertow(StackTraceElement[] stack) {
    for (StackTraceElement frame : stack) {
      String type = frame.getClassName();
      if (!type.startsWith("java.") && !type.startsWith("sun.")) {
        return type.startsWith(UNDERTOW[0]) || type.startsWith(UNDERTOW[1]);
      }
    }
    return false;
  }

  /** The status with which a container answers when this leaves the filter chain. */
  static int status(@Nullable Throwable thrown) {
    if (thrown instanceof UnavailableException unavailable) {
      return unavailable.isPermanent() ? 404 : 503;
    }
    return 500;
  }
}
