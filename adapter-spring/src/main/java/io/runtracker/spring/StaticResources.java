// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import io.runtracker.TrackedRequest;
import io.runtracker.servlet.TrackingFilter;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import org.springframework.web.servlet.resource.ResourceHttpRequestHandler;

/**
 * Leaves out the files that Spring MVC serves by itself and that got there. Only when the answer is
 * made is it known which these are: a path says nothing, and one that fails is to be seen.
 */
final class StaticResources implements WebMvcConfigurer, HandlerInterceptor {

  private final boolean leavesOut;

  StaticResources(boolean leavesOut) {
    this.leavesOut = leavesOut;
  }

  @Override
  public void addInterceptors(InterceptorRegistry registry) {
    if (leavesOut) {
      registry.addInterceptor(this);
    }
  }

  @Override
  public void afterCompletion(
      HttpServletRequest request,
      HttpServletResponse response,
      Object handler,
      @Nullable Exception exception) {
    if (exception == null
        && handler instanceof ResourceHttpRequestHandler
        && response.getStatus() < 400
        // A controller that forwards to a file is asked for a page of its own.
        && request.getDispatcherType() == DispatcherType.REQUEST
        && request.getAttribute(TrackingFilter.REQUEST_ATTRIBUTE) instanceof TrackedRequest run) {
      run.drop();
    }
  }
}
