// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import io.runtracker.Causes;
import io.runtracker.OpenRequest;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.DispatcherType;
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
 * <p>Only container threads that serve the request come here, one after the other; the fields are
 * volatile because they are different threads. Nothing in here throws.
 */
final class Exchange implements AsyncListener {

  private static final Logger log = LoggerFactory.getLogger(TrackingFilter.class);

  private final OpenRequest open;
  private final HttpServletRequest request;
  private final HttpServletResponse response;
  private volatile @Nullable String route;
  private volatile @Nullable Throwable error;
  private volatile int statusWhenThrown;

  /** What went over the wire already; Tomcat overwrites the status afterwards. 0: nothing yet. */
  private volatile int statusSent;

  private volatile boolean async;
  private volatile boolean listening;

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

  OpenRequest.Scope makeCurrent() {
    return open.makeCurrent();
  }

  /** Whether a further dispatch of the request is to run within this exchange. */
  boolean resumes(HttpServletRequest request, DispatcherType dispatch) {
    if (open.isEnded()) {
      return false;
    }
    return switch (dispatch) {
      case ASYNC, ERROR -> true;
      case FORWARD -> {
        String ofTarget = Route.ofMapping(request);
        route = ofTarget != null ? ofTarget : route;
        yield true;
      }
      // The filter is registered twice, or for includes.
      case REQUEST, INCLUDE -> false;
    };
  }

  ServletRequest wrap(ServletRequest request) {
    try {
      return isWrapped(request)
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
      if (dispatch != DispatcherType.ERROR) {
        route = Route.ofAttributes((HttpServletRequest) request, route);
      }
      if (escaped != null && error == null) {
        statusWhenThrown = response.getStatus();
        error = escaped;
      }
      if (response.isCommitted() && statusSent == 0) {
        statusSent = response.getStatus();
      }
      if (isAsync(request)) {
        return;
      }
    } catch (Throwable fault) {
      log(fault);
    }
    if (!async) {
      end(statusOnLeave(escaped), escaped);
    }
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
    end(statusNow(), error != null ? error : event.getThrowable());
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

  private static void log(Throwable fault) {
    log.debug("A fault while tracking a request; the service did not notice", fault);
  }
}
