// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import io.runtracker.adapter.HttpReader;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Collection;
import java.util.Collections;
import java.util.Enumeration;
import org.jspecify.annotations.Nullable;

/** Reads what users asked for off a servlet's request and response. */
final class ServletReader implements HttpReader<HttpServletRequest, HttpServletResponse> {

  static final ServletReader INSTANCE = new ServletReader();

  private ServletReader() {}

  @Override
  public @Nullable String requestHeader(HttpServletRequest request, String name) {
    Enumeration<String> values = request.getHeaders(name);
    return values == null || !values.hasMoreElements()
        ? null
        : String.join(", ", Collections.list(values));
  }

  @Override
  public @Nullable String clientAddress(HttpServletRequest request) {
    return request.getRemoteAddr();
  }

  @Override
  public @Nullable String responseHeader(HttpServletResponse response, String name) {
    Collection<String> values = response.getHeaders(name);
    return values == null || values.isEmpty() ? null : String.join(", ", values);
  }
}
