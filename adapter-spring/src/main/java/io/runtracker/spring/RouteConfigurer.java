// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import io.runtracker.servlet.TrackingFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/**
 * Notes the route as soon as Spring MVC has found the handler: the filter learns of it only when
 * the handler is done, which is too late for a request that is open when the service ends.
 */
final class RouteConfigurer implements WebMvcConfigurer, HandlerInterceptor {

  @Override
  public void addInterceptors(InterceptorRegistry registry) {
    registry.addInterceptor(this);
  }

  @Override
  public boolean preHandle(
      HttpServletRequest request, HttpServletResponse response, Object handler) {
    TrackingFilter.noteRoute(request);
    return true;
  }
}
