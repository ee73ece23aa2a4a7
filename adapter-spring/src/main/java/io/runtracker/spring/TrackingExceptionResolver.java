// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import io.runtracker.TrackedRequest;
import io.runtracker.adapter.Causes;
import io.runtracker.adapter.OpenRequest;
import io.runtracker.servlet.TrackingFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.Ordered;
import org.springframework.web.servlet.HandlerExceptionResolver;
import org.springframework.web.servlet.ModelAndView;
import org.springframework.web.servlet.NoHandlerFoundException;
import org.springframework.web.servlet.resource.NoResourceFoundException;

/**
 * Notes the exceptions of handlers before anything in Spring MVC turns them into an answer, and
 * resolves none of them. It needs the {@link TrackingFilter}, and to be asked first.
 */
public final class TrackingExceptionResolver implements HandlerExceptionResolver, Ordered {

  private static final Logger log = LoggerFactory.getLogger(TrackingExceptionResolver.class);

  private final HandledExceptions handledExceptions;
  private final int order;

  /** Before all others. */
  public TrackingExceptionResolver(HandledExceptions handledExceptions) {
    this(handledExceptions, HIGHEST_PRECEDENCE);
  }

  /**
   * At a place of its own.
   *
   * @param order among the application's resolvers; what those before it resolve is not seen
   */
  public TrackingExceptionResolver(HandledExceptions handledExceptions, int order) {
    this.handledExceptions = handledExceptions;
    this.order = order;
  }

  @Override
  public int getOrder() {
    return order;
  }

  /** Always null: what becomes of the exception is decided by others. */
  @Override
  public @Nullable ModelAndView resolveException(
      HttpServletRequest request,
      HttpServletResponse response,
      @Nullable Object handler,
      Exception exception) {
    try {
      OpenRequest open = openRequest(request);
      if (open != null) {
        note(open, Causes.unwrap(exception), response.isCommitted());
      }
    } catch (Throwable fault) {
      log(fault);
    }
    return null;
  }

  private static void log(Throwable fault) {
    try {
      log.debug("A fault while noting an exception; the service did not notice", fault);
    } catch (Throwable ofTheLogger) {
      // The service's logger fails, and its request is not to pay for that.
    }
  }

  private static @Nullable OpenRequest openRequest(HttpServletRequest request) {
    if (TrackedRequest.current() instanceof OpenRequest current) {
      return current;
    }
    return request.getAttribute(TrackingFilter.REQUEST_ATTRIBUTE) instanceof OpenRequest given
        ? given
        : null;
  }

  private void note(OpenRequest open, Throwable exception, boolean committed) {
    if (Causes.isClientAbort(exception)) {
      open.tag("http.client_aborted", "true").handled(exception, 0);
    } else if (handledExceptions != HandledExceptions.IGNORE && !saysNotFound(exception)) {
      // What has begun to be sent cannot be turned into an answer any more, only be cut.
      open.handled(exception, committed ? 0 : handledExceptions.failsFrom());
    }
  }

  /** Spring's own way to answer a path that nothing serves with 404: nobody's exception. */
  private static boolean saysNotFound(Throwable exception) {
    return exception instanceof NoResourceFoundException
        || exception instanceof NoHandlerFoundException;
  }
}
