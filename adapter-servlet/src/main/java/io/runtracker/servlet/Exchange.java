// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import io.runtracker.adapter.Causes;
import io.runtracker.adapter.OpenRequest;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request from the filter's first look at it to its end, through all its dispatches. It is its
 * own asynchronous listener, because some containers clear a request's attributes before they tell
 * the listeners that it is complete.
 *
 * <p>Who says that it is over depends: Jetty itself, where it can; else the asynchronous listener;
 * else, for what may yet get an error page, the {@link TrackingListener}; else the filter.
 *
 * <p>Only container threads that serve the request come here, one after the other; the fields are
 * volatile because they are different threads. Nothing in here throws.
 */
// Longer than others: each step of a request asks what the steps before it have seen.
final class Exchange implements AsyncListener {

  private static final String ATTRIBUTE = Exchange.class.getName();

  private static final Logger log = LoggerFactory.getLogger(TrackingFilter.class);

  private final OpenRequest open;
  private final HttpServletRequest request;
  private final HttpServletResponse response;
  private volatile @Nullable String route;
  private volatile @Nullable Throwable error;
  private volatile int statusWhenThrown;

  /** What went over the wire already; Tomcat overwrites the status afterwards. 0: nothing yet. */
  private volatile int statusSent;

  /** Whether an error page is at work: what it is and answers says nothing about the handler. */
  private volatile boolean reporting;

  private volatile boolean async;
  private volatile boolean listening;

  /** Whether the container calls {@link #completed}; set before the request goes on. */
  private boolean completes;

  private boolean wraps;

  Exchange(
      OpenRequest open,
      HttpServletRequest request,
      HttpServletResponse response,
      @Nullable String route) {
    this.open = open;
    this.request = request;
    this.response = response;
    this.route = route;
  }

  /** The exchange of a request, or null when it is not tracked. */
  static @Nullable Exchange of(ServletRequest request) {
    return request.getAttribute(ATTRIBUTE) instanceof Exchange exchange ? exchange : null;
  }

  /** Before the request goes on: finds out how its end will be known. */
  void begin() {
    request.setAttribute(ATTRIBUTE, this);
    request.setAttribute(TrackingFilter.REQUEST_ATTRIBUTE, open);
    ServletRequest own = Container.ownRequest(request);
    Container container = Container.of(own);
    completes = container.onCompletion(own, this::completed);
    wraps = !completes && container.hidesQuickCompletion();
  }

  OpenRequest.Scope makeCurrent() {
    return open.makeCurrent();
  }

  /** The route by now, for the case that the tracker is closed before the handler returns. */
  void noteRoute(HttpServletRequest request) {
    if (!reporting) {
      open.route(Route.ofAttributes(request, null));
    }
  }

  /** Whether a further dispatch of the request is to run within this exchange. */
  boolean resumes(HttpServletRequest request, DispatcherType dispatch) {
    if (open.isEnded()) {
      return false;
    }
    return switch (dispatch) {
      case ASYNC -> true;
      case ERROR -> {
        reportBegins();
        yield true;
      }
      case FORWARD -> {
        if (request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE) != null) {
          forwardToErrorPageBegins();
        } else {
          String ofTarget = Route.ofMapping(request);
          route = ofTarget != null ? ofTarget : route;
        }
        yield true;
      }
      // The filter is registered twice, or for includes.
      case REQUEST, INCLUDE -> false;
    };
  }

  /** What was reported is taken back: what the page answers is sent in its place. */
  private void reportBegins() {
    reporting = true;
    if (!response.isCommitted()) {
      statusSent = 0;
    }
  }

  /** Spring Boot makes its error page so in a container that is not its own. */
  private void forwardToErrorPageBegins() {
    if (!reporting) {
      // The page is about to leave its own route where the handler's is now.
      route = Route.ofAttributes(request, route);
    }
    error = error != null ? error : noted();
    reportBegins();
  }

  ServletRequest wrap(ServletRequest request) {
    try {
      return !wraps || isWrapped(request)
          ? request
          : new TrackedServletRequest((HttpServletRequest) request, this);
    } catch (Throwable fault) {
      log(fault);
      return request;
    }
  }

  private static boolean isWrapped(ServletRequest request) {
    return request instanceof jakarta.servlet.ServletRequestWrapper wrapper
        && (wrapper instanceof TrackedServletRequest
            || wrapper.isWrapperFor(TrackedServletRequest.class));
  }

  /** Before the container is asked, because it calls {@link #onStartAsync} from within. */
  void asyncStarting() {
    listening = false;
  }

  void asyncStarted(AsyncContext context) {
    try {
      async = true;
      if (!listening) {
        context.addListener(this);
        listening = true;
      }
    } catch (Throwable fault) {
      log(fault);
    }
  }

  /**
   * A dispatch ends.
   *
   * @param dispatch what it was when it began: Undertow has the request say afterwards what the
   *     last dispatch within it was
   * @param escaped what left the filter chain, or null
   */
  void leave(ServletRequest request, DispatcherType dispatch, @Nullable Throwable escaped) {
    try {
      if (dispatch == DispatcherType.FORWARD || open.isEnded()) {
        return;
      }
      if (!reporting) {
        route = Route.ofAttributes((HttpServletRequest) request, route);
      }
      if (escaped != null && error == null) {
        statusWhenThrown = response.getStatus();
        error = escaped;
      }
      if (response.isCommitted() && statusSent == 0) {
        statusSent = response.getStatus();
      }
      if (isToldLater(request, escaped)) {
        open.route(route);
        return;
      }
    } catch (Throwable fault) {
      log(fault);
      if (completes) {
        return;
      }
    }
    if (!async) {
      end(statusOnLeave(escaped), error);
    }
  }

  /** Whether somebody will say when the request is over. */
  private boolean isToldLater(ServletRequest request, @Nullable Throwable escaped) {
    if (completes) {
      // What follows an upgrade is the end of its connection.
      return response.getStatus() != 101;
    }
    if (isAsync(request)) {
      return true;
    }
    if (mayBeReported(escaped) && TrackingListener.isIn(request.getServletContext())) {
      stayIn(request);
      return true;
    }
    return false;
  }

  /** Whether the container may answer something else than what was reported to it. */
  private boolean mayBeReported(@Nullable Throwable escaped) {
    return escaped != null || response.getStatus() >= 400;
  }

  /** A handler may have removed every attribute; the listener finds us by this one. */
  private void stayIn(ServletRequest request) {
    if (request.getAttribute(ATTRIBUTE) != this) {
      request.setAttribute(ATTRIBUTE, this);
    }
  }

  /** The container has done with a request that did not go asynchronous, error page and all. */
  void destroyed() {
    if (!completes && !async && !open.isEnded()) {
      end(statusNow(), error);
    }
  }

  /**
   * The container has completed the request.
   *
   * @param failure why the answer did not get there as a whole, or null
   */
  private void completed(@Nullable Throwable failure) {
    Throwable thrown = error != null ? error : noted();
    int status = 500;
    try {
      if (failure == null || response.isCommitted()) {
        status = response.getStatus();
      }
      if (thrown != failure && !open.isEnded() && Causes.isClientAbort(failure)) {
        open.tag("http.client_aborted", "true");
      }
    } catch (Throwable fault) {
      log(fault);
    }
    end(status, thrown != null ? thrown : failure);
  }

  /** Also asks the request, for one that was started past our wrapper. */
  private boolean isAsync(ServletRequest request) {
    if (!async && request.isAsyncStarted()) {
      asyncStarted(request.getAsyncContext());
    }
    return async;
  }

  private int statusOnLeave(@Nullable Throwable escaped) {
    try {
      return escaped == null || response.isCommitted()
          ? response.getStatus()
          : Failures.status(escaped);
    } catch (Throwable fault) {
      log(fault);
      return escaped == null ? 200 : 500;
    }
  }

  private void end(int status, @Nullable Throwable thrown) {
    try {
      if (thrown != null && Causes.isClientAbort(thrown)) {
        open.tag("http.client_aborted", "true");
      }
      open.route(route);
    } catch (Throwable fault) {
      log(fault);
    }
    Throwable inner = thrown == null ? null : Causes.unwrap(thrown);
    open.end(status, inner, ServletReader.INSTANCE, request, response);
  }

  @Override
  public void onComplete(AsyncEvent event) {
    Throwable thrown = error != null ? error : event.getThrowable();
    end(statusNow(), thrown != null ? thrown : noted());
  }

  /** What the container or a filter noted where it told nobody, such as a write that failed. */
  private @Nullable Throwable noted() {
    try {
      return request.getAttribute(RequestDispatcher.ERROR_EXCEPTION) instanceof Throwable noted
          ? noted
          : null;
    } catch (Throwable fault) {
      log(fault);
      return null;
    }
  }

  /** The status is not decided yet: it is when the container has reported the time-out. */
  @Override
  public void onTimeout(AsyncEvent event) {}

  /**
   * Some containers come here before they have reported the error and call {@link #onComplete}
   * later; one comes afterwards and never again.
   */
  @Override
  public void onError(AsyncEvent event) {
    try {
      if (error == null) {
        error = event.getThrowable();
      }
      int status = statusNow();
      if (response.isCommitted()) {
        end(status, error);
      } else if (status >= 400) {
        end(status == statusWhenThrown ? Failures.status(error) : status, error);
      }
    } catch (Throwable fault) {
      log(fault);
    }
  }

  /** A context that starts again has forgotten its listeners. */
  @Override
  public void onStartAsync(AsyncEvent event) {
    asyncStarting();
    asyncStarted(event.getAsyncContext());
  }

  private int statusNow() {
    try {
      return statusSent != 0 ? statusSent : response.getStatus();
    } catch (Throwable fault) {
      log(fault);
      return error == null ? 200 : 500;
    }
  }

  static void log(Throwable fault) {
    try {
      log.debug("A fault while tracking a request; the service did not notice", fault);
    } catch (Throwable ofTheLogger) {
      // The service's logger fails, and its request is not to pay for that.
    }
  }
}
