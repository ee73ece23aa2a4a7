// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;

/**
 * Hands the listener to the asynchronous context the moment it exists. Asking afterwards whether
 * one was started would race with the thread that completes it.
 */
final class TrackedServletRequest extends HttpServletRequestWrapper {

  private final Exchange exchange;

  TrackedServletRequest(HttpServletRequest request, Exchange exchange) {
    super(request);
    this.exchange = exchange;
  }

  @Override
  public AsyncContext startAsync() {
    exchange.asyncStarting();
    AsyncContext context = super.startAsync();
    exchange.asyncStarted(context);
    return context;
  }

  /**
   * The container is given the request that it gave us: only then is it its own, which {@link
   * AsyncContext#hasOriginalRequestAndResponse()} tells the application.
   */
  @Override
  public AsyncContext startAsync(ServletRequest request, ServletResponse response) {
    exchange.asyncStarting();
    AsyncContext context = super.startAsync(request == this ? getRequest() : request, response);
    exchange.asyncStarted(context);
    return context;
  }
}
