// SPDX-License-Identifier: Apache-2.0
package io.runtracker.javalin;

import io.javalin.http.Context;
import io.javalin.http.servlet.JavalinServletContext;
import io.javalin.http.servlet.Task;
import io.runtracker.RequestTarget;
import io.runtracker.TrackedRequest;
import io.runtracker.Tracker;
import io.runtracker.adapter.OpenRequest;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The same as plain handlers, for services that cannot have {@link TrackingPlugin}, such as those
 * that run Javalin's servlet in a server of their own:
 *
 * <pre>{@code
 * TrackingHandlers tracking = new TrackingHandlers(tracker);
 * config.routes.before(tracking::before);
 * config.routes.after(tracking::after);
 * }</pre>
 *
 * <p>They know less than the plugin. A request ends at {@link #after}, before its body is written:
 * time spent and failures from there on are not recorded, and the status is the one set by then.
 * One that never gets there is not recorded at all: after {@code skipRemainingHandlers()}, when a
 * handler before {@link #before} throws, and for WebSocket upgrades. The exception of a failed
 * future is not seen, only the status it is answered with. Requests that are open when the tracker
 * is closed are not recorded as killed: they may have been over for long.
 *
 * <p>Beside the plugin they do nothing.
 */
public final class TrackingHandlers {

  private final Tracker tracker;

  /** Tracks with a tracker that someone else closes. */
  public TrackingHandlers(Tracker tracker) {
    this.tracker = tracker;
  }

  /** To be the first of the service's {@code before} handlers. */
  public void before(Context context) {
    try {
      if (Exchange.of(context.req()) != null) {
        return;
      }
      OpenRequest open =
          tracker.open(
              context.req().getMethod(),
              target(context),
              pathInApplication(context),
              ContextReader.INSTANCE,
              context);
      if (open != null) {
        open.excludeFromShutdown();
        Exchange exchange = new Exchange(open);
        exchange.putInto(context.req());
        context.attribute(TrackingHandlers.class.getName(), exchange);
        trackRemaining(context, exchange);
      }
    } catch (Throwable fault) {
      tracker.captureFailed(fault);
    }
  }

  /** To be the last of the service's {@code after} handlers. */
  public void after(Context context) {
    try {
      Object mine = context.attribute(TrackingHandlers.class.getName());
      if (mine instanceof Exchange exchange) {
        if (context.res().isCommitted()) {
          exchange.sending(context.statusCode());
        }
        exchange.routeOf(context);
        exchange.end(context.statusCode(), null, ContextReader.INSTANCE, context, context);
      }
    } catch (Throwable fault) {
      tracker.captureFailed(fault);
    }
  }

  /** The request's handle; one that does nothing when the request is not tracked. */
  public static TrackedRequest request(Context context) {
    @Nullable Exchange exchange = Exchange.of(context.req());
    return exchange != null ? exchange.handle() : TrackedRequest.current();
  }

  /** The handlers to come, where the request is the current one and what leaves them is seen. */
  private static void trackRemaining(Context context, Exchange exchange) {
    if (context instanceof JavalinServletContext servletContext) {
      List<Task> remaining = new ArrayList<>(servletContext.getTasks());
      servletContext.getTasks().clear();
      for (Task task : remaining) {
        servletContext.getTasks().add(TrackedTasks.tracked(task, exchange, servletContext));
      }
    }
  }

  private static RequestTarget target(Context context) {
    String path = context.req().getRequestURI();
    String host = context.req().getServerName();
    return new RequestTarget(
        context.scheme(),
        host != null ? host : "localhost",
        context.req().getServerPort(),
        path != null ? CompletionHandler.rooted(path) : "/",
        context.req().getQueryString());
  }

  private static String pathInApplication(Context context) {
    String servletPath = context.req().getServletPath();
    String pathInfo = context.req().getPathInfo();
    String path = (servletPath != null ? servletPath : "") + (pathInfo != null ? pathInfo : "");
    return path.isEmpty() ? "/" : path;
  }
}
