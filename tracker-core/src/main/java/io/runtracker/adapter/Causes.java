// SPDX-License-Identifier: Apache-2.0
package io.runtracker.adapter;

import java.io.IOException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What an exception means, the same for all adapters: what the service threw below the wrappers of
 * frameworks, and whether it says no more than that the client went away. Classes of frameworks and
 * containers are known by name. Nothing in here throws.
 */
public final class Causes {

  private static final int LONGEST_CHAIN = 32;

  /** By their exact names: a subclass has something to say of its own. */
  private static final Set<String> WRAPPERS =
      Set.of(
          "java.util.concurrent.CompletionException",
          "java.util.concurrent.ExecutionException",
          "java.lang.reflect.InvocationTargetException",
          "java.lang.reflect.UndeclaredThrowableException",
          "jakarta.servlet.ServletException",
          "org.springframework.web.util.NestedServletException",
          "reactor.core.Exceptions$ReactiveException",
          "org.apache.jasper.JasperException");

  /** What containers throw when the connection to their client is broken, and for nothing else. */
  private static final Set<String> CLIENT_ABORTS =
      Set.of(
          "org.apache.catalina.connector.ClientAbortException",
          "org.apache.coyote.CloseNowException",
          "org.springframework.web.context.request.async.AsyncRequestNotUsableException");

  /** Jetty's class for it is that of its HTTP client too. */
  private static final String JETTY = "org.eclipse.jetty.io.EofException";

  /** Where containers read and write without a class of their own for what fails. */
  private static final String[] CONNECTIONS = {
    "org.xnio.", "io.undertow.", "org.apache.tomcat.util.net.", "org.apache.coyote."
  };

  /** Those of the above that talk to another server. */
  private static final String[] CLIENTS = {
    "io.undertow.client.", "io.undertow.server.handlers.proxy.", "org.eclipse.jetty.client."
  };

  private Causes() {}

  /** What the service threw, without what a container, a framework or a future put it in. */
  public static Throwable unwrap(Throwable thrown) {
    Throwable inner = thrown;
    for (int i = 0; i < LONGEST_CHAIN && WRAPPERS.contains(inner.getClass().getName()); i++) {
      Throwable cause = causeOf(inner);
      if (cause == null) {
        break;
      }
      inner = cause;
    }
    return inner;
  }

  /**
   * Whether the exception, or one that caused it, says that the client's connection is broken. An
   * end of a file or of a connection to some other server is not that.
   */
  public static boolean isClientAbort(@Nullable Throwable thrown) {
    Throwable cause = thrown;
    for (int i = 0; i < LONGEST_CHAIN && cause != null; i++) {
      if (saysClientAbort(cause)) {
        return true;
      }
      cause = causeOf(cause);
    }
    return false;
  }

  private static boolean saysClientAbort(Throwable thrown) {
    if (!(thrown instanceof IOException)) {
      return false;
    }
    boolean ofJetty = false;
    for (Class<?> type = thrown.getClass(); type != null; type = type.getSuperclass()) {
      if (CLIENT_ABORTS.contains(type.getName())) {
        return true;
      }
      ofJetty |= type.getName().equals(JETTY);
    }
    StackTraceElement[] stack = thrown.getStackTrace();
    return (ofJetty || isThrownByConnection(stack)) && !hasFrameOf(stack, CLIENTS);
  }

  /** Whether the first frame that is not the JDK's is. */
  private static boolean isThrownByConnection(StackTraceElement[] stack) {
    for (StackTraceElement frame : stack) {
      String type = frame.getClassName();
      if (!type.startsWith("java.") && !type.startsWith("sun.")) {
        return startsWithOneOf(type, CONNECTIONS);
      }
    }
    return false;
  }

  private static boolean hasFrameOf(StackTraceElement[] stack, String[] packages) {
    for (StackTraceElement frame : stack) {
      if (startsWithOneOf(frame.getClassName(), packages)) {
        return true;
      }
    }
    return false;
  }

  private static boolean startsWithOneOf(String type, String[] packages) {
    for (String name : packages) {
      if (type.startsWith(name)) {
        return true;
      }
    }
    return false;
  }

  /** An exception's own getCause() may throw. */
  private static @Nullable Throwable causeOf(Throwable thrown) {
    try {
      return thrown.getCause();
    } catch (Throwable broken) {
      return null;
    }
  }
}
