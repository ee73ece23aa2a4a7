// SPDX-License-Identifier: Apache-2.0
package io.runtracker.javalin;

import io.runtracker.RequestTarget;
import io.runtracker.Tracker;
import io.runtracker.adapter.OpenRequest;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpURI;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Outermost in Jetty's tree of handlers: opens each request, and ends it when Jetty has completed
 * it, however that came about.
 */
final class CompletionHandler extends Handler.Wrapper {

  private final Tracker tracker;
  private final String contextPath;

  CompletionHandler(Tracker tracker, String contextPath) {
    this.tracker = tracker;
    this.contextPath = contextPath;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    Exchange exchange = enter(request, response);
    if (exchange == null) {
      return super.handle(request, response, callback);
    }
    OpenRequest.Scope scope = exchange.makeCurrent();
    try {
      return super.handle(request, new TrackedResponse(request, response, exchange), callback);
    } catch (Throwable error) {
      exchange.failed(error);
      throw error;
    } finally {
      scope.close();
    }
  }

  private @Nullable Exchange enter(Request request, Response response) {
    try {
      if (Exchange.isIn(request)) {
        return null;
      }
      OpenRequest open =
          tracker.open(
              orElse(request.getMethod(), "UNKNOWN"),
              target(request),
              path(request),
              JettyReader.INSTANCE,
              request);
      if (open == null) {
        return null;
      }
      Exchange exchange = new Exchange(open);
      Request.addCompletionListener(
          request,
          failure ->
              exchange.end(
                  status(response, failure), failure, JettyReader.INSTANCE, request, response));
      exchange.putInto(request);
      return exchange;
    } catch (Throwable fault) {
      tracker.captureFailed(fault);
      return null;
    }
  }

  private static int status(Response response, @Nullable Throwable failure) {
    int status = response.getStatus();
    return status == 0 || (!response.isCommitted() && failure != null) ? 500 : status;
  }

  private static RequestTarget target(Request request) {
    HttpURI uri = request.getHttpURI();
    return new RequestTarget(
        orElse(uri.getScheme(), "http"),
        orElse(Request.getServerName(request), "localhost"),
        Request.getServerPort(request),
        rooted(orElse(uri.getPath(), "/")),
        uri.getQuery());
  }

  /** {@code OPTIONS *} asks about the server as a whole, and has a URL all the same. */
  static String rooted(String sent) {
    return sent.startsWith("/") ? sent : '/' + sent;
  }

  /** Below the context path, decoded and normalised, to be held against the skip list. */
  private String path(Request request) {
    String path = orElse(request.getHttpURI().getCanonicalPath(), "/");
    return contextPath.length() > 1 && path.startsWith(contextPath + '/')
        ? path.substring(contextPath.length())
        : path;
  }

  private static String orElse(@Nullable String value, String otherwise) {
    return value != null ? value : otherwise;
  }

  /** Sees the status as it is sent, and writes that fail. */
  private static final class TrackedResponse extends Response.Wrapper {
    private final Exchange exchange;

    private TrackedResponse(Request request, Response response, Exchange exchange) {
      super(request, response);
      this.exchange = exchange;
    }

    @Override
    public void write(boolean last, ByteBuffer content, Callback callback) {
      exchange.sending(getStatus());
      super.write(
          last,
          content,
          new Callback.Nested(callback) {
            @Override
            public void failed(Throwable failure) {
              exchange.writeFailed(failure);
              super.failed(failure);
            }
          });
    }
  }
}
