// SPDX-License-Identifier: Apache-2.0
package io.runtracker.javalin;

import io.javalin.http.Context;
import io.javalin.router.Endpoint;
import io.runtracker.adapter.Causes;
import io.runtracker.adapter.HttpReader;
import io.runtracker.adapter.OpenRequest;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServletRequest;
import java.io.EOFException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request from our first look at it to its end. It holds nothing of the server's.
 *
 * <p>The threads that serve the request come here one after the other, but for what a time-out and
 * a future do at the same moment; the fields are volatile for both. Nothing in here throws.
 */
final class Exchange {

  private static final String ATTRIBUTE = Exchange.class.getName();

  private static final Logger log = LoggerFactory.getLogger(TrackingPlugin.class);

  private final OpenRequest open;
  private volatile @Nullable Throwable thrown;
  private volatile boolean answered;
  private volatile boolean forwarded;
  private volatile boolean bodyPending;
  private volatile boolean thrownAfterCommit;
  private volatile @Nullable Throwable writeFailure;

  /** What went over the wire; 0: nothing yet. */
  private volatile int statusSent;

  Exchange(OpenRequest open) {
    this.open = open;
  }

  /** The exchange of a request, or null when it is not tracked. */
  static @Nullable Exchange of(HttpServletRequest request) {
    try {
      return request.getAttribute(ATTRIBUTE) instanceof Exchange exchange ? exchange : null;
    } catch (Throwable fault) {
      log(fault);
      return null;
    }
  }

  static boolean isIn(org.eclipse.jetty.util.Attributes attributes) {
    return attributes.getAttribute(ATTRIBUTE) != null;
  }

  void putInto(org.eclipse.jetty.util.Attributes attributes) {
    attributes.setAttribute(ATTRIBUTE, this);
    attributes.setAttribute(TrackingPlugin.REQUEST_ATTRIBUTE, open);
  }

  void putInto(HttpServletRequest request) {
    request.setAttribute(ATTRIBUTE, this);
    request.setAttribute(TrackingPlugin.REQUEST_ATTRIBUTE, open);
  }

  /** A handler may have removed every attribute; those that come after it need this one. */
  void stayIn(HttpServletRequest request) {
    try {
      if (request.getAttribute(ATTRIBUTE) == null) {
        request.setAttribute(ATTRIBUTE, this);
      }
    } catch (Throwable fault) {
      log(fault);
    }
  }

  OpenRequest handle() {
    return open;
  }

  OpenRequest.Scope makeCurrent() {
    return open.makeCurrent();
  }

  /** The template of the endpoint that serves the request, once that is known. */
  void routeOf(Context context) {
    try {
      boolean isTarget = context.req().getDispatcherType() == DispatcherType.FORWARD;
      Endpoint endpoint = context.endpoints().matchedHttpEndpoint();
      if (endpoint != null && (isTarget || !forwarded)) {
        open.route(Route.of(context.contextPath(), endpoint.path));
        forwarded = isTarget;
      }
    } catch (Throwable fault) {
      log(fault);
    }
  }

  void route(String contextPath, String template) {
    open.route(Route.of(contextPath, template));
  }

  /**
   * An exception left a handler, a future or the service, and may yet be mapped to an answer. The
   * first one counts, until it has its answer: what comes before that is a fault in answering it.
   */
  void failed(Throwable error) {
    try {
      Throwable inner = Causes.unwrap(error);
      if (thrown == null || (answered && thrown != inner)) {
        thrownAfterCommit = statusSent != 0;
        answered = false;
        thrown = inner;
      }
    } catch (Throwable fault) {
      log(fault);
    }
  }

  /** Javalin serves the request, and will say when it has written the body. */
  void bodyPending() {
    bodyPending = true;
  }

  void bodyWritten() {
    bodyPending = false;
  }

  /** An exception mapper, the service's or Javalin's own, did its work. */
  void answered() {
    answered = true;
  }

  /**
   * Bytes of the answer are about to be sent.
   *
   * @param status 0 when none was set, which goes out as 200
   */
  void sending(int status) {
    if (statusSent == 0) {
      statusSent = status == 0 ? 200 : status;
    }
  }

  void writeFailed(Throwable failure) {
    if (writeFailure == null) {
      writeFailure = failure;
    }
  }

  /**
   * The request is over, or as over as we can know it to be.
   *
   * @param status the status by the response, for when we did not see it being sent
   * @param failure what the server says went wrong, or null
   */
  <Q, S> void end(
      int status, @Nullable Throwable failure, HttpReader<Q, S> reader, Q request, S response) {
    int statusCode = statusSent != 0 ? statusSent : status;
    Throwable error = null;
    try {
      if (failure != null) {
        writeFailed(failure);
      }
      error = error(statusCode);
    } catch (Throwable fault) {
      log(fault);
    }
    open.end(statusCode, error, reader, request, response);
  }

  private @Nullable Throwable error(int status) {
    Throwable byService = thrown;
    Throwable byServer = writeFailure;
    if (Causes.isClientAbort(byService) || Causes.isClientAbort(byServer)) {
      open.tag("http.client_aborted", "true");
    }
    if (byService != null && isFailure(byService, status)) {
      return byService;
    }
    if (byServer != null) {
      return byServer;
    }
    if (byService == null) {
      return bodyPending ? new EOFException("The body of the answer was not written") : null;
    }
    if (!Failures.isAnswer(byService)) {
      open.param("error_type", byService.getClass().getName());
    }
    return null;
  }

  /** An exception that was mapped to an answer below 500 is that answer, and no failure. */
  private boolean isFailure(Throwable error, int status) {
    return thrownAfterCommit
        || Causes.isClientAbort(error)
        || (status >= 500 && !Failures.isAnswer(error));
  }

  static void log(Throwable fault) {
    try {
      log.debug("A fault while tracking a request; the service did not notice", fault);
    } catch (Throwable ofTheLogger) {
      // The service's logger fails, and its request is not to pay for that.
    }
  }
}
