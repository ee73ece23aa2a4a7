// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import io.runtracker.RequestTarget;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;

/**
 * What is read off a request when it comes in, as copies. Later dispatches change what the same
 * methods return.
 */
final class RequestView {

  private RequestView() {}

  static String method(HttpServletRequest request) {
    return orElse(request.getMethod(), "UNKNOWN");
  }

  static RequestTarget target(HttpServletRequest request) {
    return new RequestTarget(
        orElse(request.getScheme(), "http"),
        host(orElse(request.getServerName(), "localhost")),
        request.getServerPort(),
        rooted(orElse(request.getRequestURI(), "/")),
        request.getQueryString());
  }

  /** Undertow gives an IPv6 address without the brackets that it needs in a URL. */
  private static String host(String name) {
    return name.indexOf(':') >= 0 && name.charAt(0) != '[' ? '[' + name + ']' : name;
  }

  /** {@code OPTIONS *} asks about the server as a whole, and has a URL all the same. */
  private static String rooted(String sent) {
    return sent.startsWith("/") ? sent : '/' + sent;
  }

  /** Decoded and normalised, so that {@code /%68ealth;x=y} is held against {@code /health}. */
  static String pathInApplication(HttpServletRequest request, RequestTarget target) {
    String servlet = orElse(request.getServletPath(), "");
    String rest = orElse(request.getPathInfo(), "");
    String path =
        rest.isEmpty() ? servlet : servlet.isEmpty() ? rest : joined(servlet, rest, target);
    return path.isEmpty() ? "/" : path;
  }

  /** Where nothing was decoded and the application lives at the root, the path is there already. */
  private static String joined(String servlet, String rest, RequestTarget target) {
    String sent = target.path();
    boolean same =
        sent.length() == servlet.length() + rest.length()
            && sent.startsWith(servlet)
            && sent.endsWith(rest);
    return same ? sent : servlet + rest;
  }

  static String orElse(@Nullable String value, String otherwise) {
    return value != null ? value : otherwise;
  }
}
